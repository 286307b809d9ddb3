export { type CertificateOptions, type Certified, certifyToFile } from "./certificate.ts";
export { type CertificateFile, certificateFile, certificateJsonSchema } from "./schema.ts";
export { formatCertificate, parseCertificate } from "./text.ts";
