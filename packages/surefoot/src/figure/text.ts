/** Advance widths of DejaVu Sans in em, coarsely: the widest font a figure may meet, so that estimates err on the safe side. */
function advance(character: string): number {
  if (/[\u2070-\u207f¹²³\u2080-\u209c]/.test(character)) return 0.42;
  if (/[ilj.,:;'|!()[\]\s]/.test(character)) return 0.36;
  if (/[ftr/I-]/.test(character)) return 0.4;
  if (/[mwMW]/.test(character)) return 0.97;
  if (/[A-Z‖×−=<>≤≥]/.test(character)) return 0.74;
  return 0.63;
}

/** Estimated width in pixels of a text at a font size in pixels; never needs a browser, so layout is the same everywhere. */
export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const character of text) em += advance(character);
  return em * fontSize;
}

/** The text in lines no wider than `width` pixels, broken at spaces; a single longer word keeps its own line. */
export function wrapText(text: string, fontSize: number, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/[ \n]+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer, fontSize) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}
