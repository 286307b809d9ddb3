/** The report's style sheet: readable at any width, dark where preferred, plain black on white in print. */
export const STYLE = `
:root{color-scheme:light dark;--background:#fff;--ink:#1a1c1f;--muted:#5b6066;--line:#dfe2e6;--panel:#f5f6f8;
--certified:#00694d;--certified-back:#e4f3ee;--undecided:#7a4b00;--undecided-back:#fbf1dd;--impossible:#9c2a00;--impossible-back:#fbe9e2}
@media screen and (prefers-color-scheme:dark){:root{--background:#15181c;--ink:#e9ebee;--muted:#a3a9b1;--line:#343a41;--panel:#1e2227;
--certified:#4fd6ab;--certified-back:#12302a;--undecided:#f0bd62;--undecided-back:#33290f;--impossible:#ff9d76;--impossible-back:#3a1d12}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--background);color:var(--ink);font:16px/1.55 system-ui,sans-serif;overflow-wrap:break-word}
main,footer{max-width:820px;margin:0 auto;padding:0 20px}
h1{font-size:1.15rem;font-weight:600;color:var(--muted);margin:28px 0 12px}
h2{font-size:1.3rem;line-height:1.3;margin:44px 0 12px}
h3{font-size:1.05rem;margin:24px 0 6px}
p,ul{margin:0 0 12px}
ul{padding-left:22px}
li{margin-bottom:6px}
.verdict{border-left:6px solid var(--muted);background:var(--panel);padding:18px 20px 12px;border-radius:0 8px 8px 0}
.verdict .sentence{font-size:1.4rem;line-height:1.35;font-weight:600;margin:4px 0 10px}
.verdict .word{font-weight:700;margin:0;color:var(--muted)}
.certified{border-color:var(--certified);background:var(--certified-back)}.certified .word{color:var(--certified)}
.undecided{border-color:var(--undecided);background:var(--undecided-back)}.undecided .word{color:var(--undecided)}
.impossible{border-color:var(--impossible);background:var(--impossible-back)}.impossible .word{color:var(--impossible)}
.warning{border-left:6px solid var(--impossible);background:var(--impossible-back);padding:12px 20px;margin:16px 0}
.columns{display:grid;grid-template-columns:1fr 1fr;gap:0 32px}
.table{overflow-x:auto;margin:0 0 16px}
table{border-collapse:collapse;width:100%;font-size:.94rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);padding:0 0 6px}
th,td{text-align:left;vertical-align:top;padding:7px 14px 7px 0;border-top:1px solid var(--line)}
thead th{color:var(--muted);font-weight:600;border-top:0}
tbody th{font-weight:600}
.facts th{width:34%}
.number{text-align:right;white-space:nowrap}
.status{white-space:nowrap}
.note{color:var(--muted);font-weight:400}
figure{margin:0 0 32px}
figure svg{display:block;max-width:100%;height:auto}
figcaption{color:var(--muted);font-size:.94rem;max-width:68ch;margin-top:6px}
.narrow{display:none}
@media screen and (max-width:700px){.narrow{display:block}.wide{display:none}.columns{grid-template-columns:1fr}
body{font-size:15px}main,footer{padding:0 14px}.verdict .sentence{font-size:1.2rem}
.narrow svg{width:100%}.status{white-space:normal}th,td{padding-right:10px}}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:10px 12px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.86rem;margin:0 0 12px}
code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
footer{color:var(--muted);font-size:.86rem;border-top:1px solid var(--line);margin-top:48px;padding-top:14px;padding-bottom:32px}
@media print{body{font-size:11pt}main,footer{max-width:none;padding:0}h2,h3{break-after:avoid}figure,table,pre,.verdict{break-inside:avoid}
.verdict{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;
