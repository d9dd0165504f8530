import { readFileSync } from "node:fs";
import fc from "../support/properties.js";
import { planted, spelled, spellings } from "../support/spellings.js";
import { describe, expect, it } from "vitest";
import { printableLines } from "../../src/failure/printable.js";
import { readFailure } from "../../src/failure/read.js";
import { redactBody } from "../../src/failure/secrets/redact-body.js";
import { redact } from "../../src/failure/secrets/redact.js";

const storageKey = `${"Ab1+".repeat(21)}Zz==`;
const token = `eyJ${"a1B2".repeat(8)}.eyJ${"c3D4".repeat(8)}.s1g-N4ture_x`;
const clientSecret = `abc8Q~${"xY1_".repeat(8)}`;

describe("redact", () => {
  it.each<[what: string, text: string, clean: string]>([
    [
      "a SAS signature, and nothing else of it",
      "https://a.blob.core.windows.net/c/b?sv=2022-11-02&se=2024-03-01&sp=rw&sig=aB%2Bc%3D&x=1",
      "https://a.blob.core.windows.net/c/b?sv=2022-11-02&se=2024-03-01&sp=rw&sig=[redacted]&x=1",
    ],
    [
      "a signature at the end of a quotation",
      "Cannot read 'https://a/b?sig=aB1'.",
      "Cannot read 'https://a/b?sig=[redacted]'.",
    ],
    [
      "a signature in an encoded address",
      "returnUrl=https%3A%2F%2Fa%3Fsig%3DaB1%252F&y=2",
      "returnUrl=https%3A%2F%2Fa%3Fsig%3D[redacted]&y=2",
    ],
    ["a bearer token", "Authorization: Bearer abcdefghij0123456789", "Authorization: [redacted]"],
    ["a bearer token without a header", "sent Bearer abcdefghij0123456789 twice", "sent Bearer [redacted] twice"],
    ["a web token", `The token ${token} has expired.`, "The token [redacted] has expired."],
    [
      "a password in JSON",
      `{"adminPassword":"p@ss w0rd","adminUsername":"u"}`,
      `{"adminPassword":"[redacted]","adminUsername":"u"}`,
    ],
    [
      "a password in JSON in a string",
      `{\\"adminPassword\\": \\"p\\\\\\"q\\", \\"n\\": 1}`,
      `{\\"adminPassword\\": \\"[redacted]\\", \\"n\\": 1}`,
    ],
    [
      "a password as a template parameter",
      `{"adminPassword":{"value":"p{1}"},"n":1}`,
      `{"adminPassword":[redacted],"n":1}`,
    ],
    [
      "a password of a command line",
      "az vm create --admin-password P4ss! --name vm1",
      "az vm create --admin-password [redacted] --name vm1",
    ],
    [
      "a password of PowerShell",
      "New-AzVM -AdminPassword 'P4 ss' -Name vm1",
      "New-AzVM -AdminPassword '[redacted]' -Name vm1",
    ],
    ["a password in XML", "<AdminPassword>P4ss</AdminPassword>", "<AdminPassword>[redacted]</AdminPassword>"],
    [
      "a password in an address",
      "proxy http://user:p4ss@10.0.0.1:3128 refused",
      "proxy http://user:[redacted]@10.0.0.1:3128 refused",
    ],
    [
      "a connection string",
      "AccountName=a;AccountKey=abc+/==;EndpointSuffix=x",
      "AccountName=a;AccountKey=[redacted];EndpointSuffix=x",
    ],
    [
      "a shared access key",
      "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=abc123=",
      "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=[redacted]",
    ],
    ["a form", "grant_type=x&client_secret=a.b~c&scope=y", "grant_type=x&client_secret=[redacted]&scope=y"],
    ["a client secret with no name before it", `secret is ${clientSecret} now`, "secret is [redacted] now"],
    ["custom data", `customData: I2Nsb3VkLWNvbmZpZw==, size: 3`, "customData: [redacted], size: 3"],
    ["a storage key with no name before it", `Key ${storageKey} is invalid.`, "Key [redacted] is invalid."],
    [
      "a private key",
      "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----",
    ],
    ["a private key that was cut", "-----BEGIN PRIVATE KEY-----\nMIIabc", "-----BEGIN PRIVATE KEY-----[redacted]"],
    ["a value that never ends", `{"password":"abc def`, `{"password":"[redacted]`],
    ["a name in capitals", "AZURE_CLIENT_SECRET=abc PATH=/bin", "AZURE_CLIENT_SECRET=[redacted] PATH=/bin"],
  ])("cuts %s", (_, text, clean) => {
    expect(redact(text)).toBe(clean);
    expect(redact(clean)).toBe(clean);
  });

  it.each([
    "The supplied password must be between 6-72 characters long.",
    "Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Key: 3",
    "SKU 'Standard_D2s_v5' is not available: see https://aka.ms/azureskunotavailable?sp=rw&se=2024",
    "EnvironmentCredential: the variable is not set.",
    "Bearer token authentication is not permitted for non-TLS protected (non-https) URLs.",
    "The secret https://v.vault.azure.net/secrets/s/1 has no tag. secretUrl: https://v.vault.azure.net/secrets/s/1",
    "design=blue; monkey=3; keyUri=x; /subscriptions/0b1c2d3e-0000-4000-8000-000000000001/x",
    "password=*** token=<token> secret: null",
    "-----BEGIN CERTIFICATE-----\nMIIabc\n-----END CERTIFICATE-----",
    "",
  ])("leaves %j as it is", (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe("every spelling", () => {
  it.each(Object.keys(spellings))("%s is cut, once and for all", (name) => {
    const clean = redact(spelled(name));
    expect(clean).not.toContain(planted(name));
    expect(clean).toContain("[redacted]");
    expect(redact(clean)).toBe(clean);
  });

  it("inside of any other text, at any place in it", () => {
    const around = fc.stringMatching(/^[A-Za-z0-9 .,()]{0,20}$/);
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(spellings)), around, around, (name, before, after) => {
        expect(redact(`${before}\n${spelled(name)}\n${after}`)).not.toContain(planted(name));
      }),
      { numRuns: 500 },
    );
  });
});

describe("what is no secret", () => {
  it.each([
    `"authorization":{"action":"Microsoft.Compute/virtualMachines/start/action","scope":"/subscriptions/s"}`,
    "The client 'ann@example.org' does not have authorization to perform action 'Microsoft.Compute/x' over scope '/s'.",
    "ManagedIdentityCredential: Authentication failed. EnvironmentCredential: not set. DefaultAzureCredential => failed",
    "ExpiredAuthenticationToken -> refresh once",
    "Unexpected token: 'StartObject' in JSON at position 0. Unexpected token } in JSON",
    `Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="x"`,
    "Basic authentication is not supported. Bearer authentication-scheme required.",
    "https://aka.ms/azurestorage?code=NotFound&key=1 https://host:443/path@x https://user@host/x",
    "diskEncryptionKey: {secretUrl: https://v.vault.azure.net/secrets/s/1, sourceVault: {id: /subscriptions/s}}",
    `{"sshPublicKey":"ssh-rsa AAAAB3NzaC1yc2E","keyData":"ssh-rsa AAAA","total_tokens":4096,"passwordPolicy":"strong"}`,
    "Set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET. Use --admin-password <password> or -p 8080:80.",
    "docker run -u 1000:1000 -p 80:80 image; git push -u origin main; grep -p x",
    "password: must be between 12 and 72 characters. Password is too short, was 30 days old. secret: not found",
    "The secret 'db' was not found in this key vault. The SIG: image 'x' has no version.",
    "Operation returned an invalid status code 'Conflict', request id 6e0a0e7a-0000-4000-8000-000000000001, t=638&h=1",
    "bypass=true; design=a; compass: n; verbosity=1; pass `verbose: true` to it",
  ])("stays: %j", (text) => {
    expect(redact(text)).toBe(text);
    expect(redact(JSON.stringify(text))).toBe(JSON.stringify(text));
  });

  it("stays in every payload that was met", () => {
    const folder = new URL("../payloads/", import.meta.url);
    const lines = ["cases.jsonl", "texts.jsonl"].flatMap((name) =>
      readFileSync(new URL(name, folder), "utf8").split("\n"),
    );
    const texts = lines.filter(Boolean).flatMap((line) => textsIn(JSON.parse(line)));
    expect(texts.length).toBeGreaterThan(500);
    expect(texts.filter((text) => redact(text) !== text)).toEqual([]);
  });
});

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe("time", () => {
  const seeds = [
    ...[
      "password: |\n",
      "password:\n  ",
      "<password>",
      "<a:password b='c'>",
      "</password>",
      "sig%3D",
      "%25",
      "&amp;",
      "\\u0026",
    ],
    ...[
      '\\\\"',
      '"name":"a_password","value":"',
      "password => ",
      'curl -u "',
      " -p'",
      "eyJ-",
      "eyJ.",
      "://a:",
      "://a:@",
      "?code=",
    ],
    ...[
      "bearer ",
      "basic a:",
      "Private-Lines: 1 ",
      "MIIJaaQIBAzC",
      "AzFu",
      "==",
      "keyName value ",
      "password='a''",
      "password={",
    ],
    ...[
      "password=[(",
      "password=<<EOT\n",
      "password is 'x",
      "value 'x' of parameter password ",
      ";Password=a b",
      "\n- password: a\n",
    ],
    ...[
      '"data":"aaaaaaaaa","password"',
      "pass_",
      '\\"password\\":\\"',
      "%70assword%3D",
      "\u001b[",
      "\u001b]0;",
      "authorization: ",
    ],
  ];
  // Not a measurement: what goes back over its text takes many minutes here, and the runner's time limit says so.
  it.each(seeds)("grows as the text does, with %j over and over", (seed) => {
    const text = seed.repeat(Math.ceil(300_000 / seed.length));
    redact(text);
    printableLines(text);
  });
});

describe("redactBody", () => {
  it("cuts by the name of the key and by what texts say, and leaves the original alone", () => {
    const body = {
      properties: {
        osProfile: { adminPassword: "p", customData: "c", adminUsername: "u" },
        protectedSettings: { a: 1 },
      },
      urls: ["https://a?sig=x", 7],
    };
    const before = structuredClone(body);
    expect(redactBody(body)).toEqual({
      properties: {
        osProfile: { adminPassword: "[redacted]", customData: "[redacted]", adminUsername: "u" },
        protectedSettings: "[redacted]",
      },
      urls: ["https://a?sig=[redacted]", 7],
    });
    expect(body).toEqual(before);
  });

  it("returns the very same value where there is nothing to cut", () => {
    const body = { error: { code: "DiskBusy", message: "m", details: [{ code: "x" }], password: null } };
    expect(redactBody(body)).toBe(body);
    expect(redactBody("plain")).toBe("plain");
    expect(redactBody(undefined)).toBe(undefined);
  });

  it("survives cycles, getters that throw, and keys of the prototype", () => {
    const cycle: Record<string, unknown> = { secret: "s" };
    cycle["self"] = cycle;
    expect(JSON.stringify(redactBody(cycle))).not.toContain('"s"');
    const throwing = {
      get message(): string {
        throw new Error("no");
      },
    };
    expect(redactBody({ throwing, password: "p" })).toEqual({ throwing: "[left out]", password: "[redacted]" });
    const hostile = JSON.parse(`{"__proto__":{"polluted":true},"password":"p"}`) as object;
    expect(JSON.stringify(redactBody(hostile))).toBe(`{"__proto__":{"polluted":true},"password":"[redacted]"}`);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("no secret leaves in a failure", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{4}[A-Za-z0-9+/_.-]{8,40}[A-Za-z0-9]$/).map((text) => `S3cr${text}`);
  const shapes: ((value: string) => string)[] = [
    (value) => `password=${value}`,
    (value) => `adminPassword: '${value}'`,
    (value) => JSON.stringify({ clientSecret: value }),
    (value) => JSON.stringify(JSON.stringify({ adminPassword: value })),
    (value) => `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${value};EndpointSuffix=e`,
    (value) => `https://a.blob.core.windows.net/c?sp=rw&sig=${value}&se=1`,
    (value) => `Authorization: Bearer ${value}${value}`,
    (value) => `az login --password ${value} -t x`,
    (value) => `-----BEGIN PRIVATE KEY-----\n${value}\n-----END PRIVATE KEY-----`,
    (value) => `http://user:${value}@proxy:3128/`,
  ];
  const carriers: ((text: string) => unknown)[] = [
    (text) => ({
      status: 400,
      headers: {},
      bodyAsText: JSON.stringify({ error: { code: "DiskBusy", message: text, target: text } }),
    }),
    (text) => ({ error: { code: text, message: "m", details: [{ code: "NicBusy", message: text }] } }),
    (text) => ({ status: 502, headers: {}, bodyAsText: text }),
    (text) => new Error(text),
    (text) => Object.assign(new Error("m", { cause: new Error(text) }), { code: "DiskBusy" }),
    (text) => `(DiskBusy) It failed: ${text}\nCode: DiskBusy`,
    (text) => text,
  ];

  it("whatever carries it", () => {
    fc.assert(
      fc.property(secret, fc.constantFrom(...shapes), fc.constantFrom(...carriers), (value, shape, carrier) => {
        expect(JSON.stringify(readFailure(carrier(shape(value))))).not.toContain(value);
      }),
      { numRuns: 400 },
    );
  });
});
