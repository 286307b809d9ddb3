import { config } from "zod";

// zod otherwise tries whether it may compile code, which the content security policy forbids and the browser reports. Import this first.
config({ jitless: true });
