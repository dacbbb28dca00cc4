// Mails as postal-mime, a parser of others, reads them. Standard input: one base64 mail a line; standard output: one
// JSON object a line. Argument: the folder whose node_modules has postal-mime.
const { createHash } = require("node:crypto");
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");
const PostalMime = createRequire(require("node:path").resolve(process.argv[2]) + "/")("postal-mime");
const parse = (PostalMime.default || PostalMime).parse;

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    const mail = await parse(Buffer.from(line, "base64"));
    console.log(JSON.stringify({
      headers: mail.headers.map((header) => header.key).sort(), from: mail.from, to: mail.to, cc: mail.cc || [], bcc: mail.bcc || [],
      subject: mail.subject, text: mail.text,
      attachments: mail.attachments.map((one) => [one.filename,
        createHash("sha256").update(Buffer.from(one.content)).digest("hex")]),
    }));
  }
})();
