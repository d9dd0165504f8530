/** The signatures of guests: each is found in its own examples, and what is no fault is not taken for one. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { findSignatures, lastBoot } from "../../src/evidence/serial-log.js";
import { signatures } from "../../src/evidence/signatures.generated.js";

const folder = new URL("../../policies/guest/", import.meta.url);
const written = readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .flatMap((name) => {
    const file = parse(readFileSync(new URL(name, folder), "utf8")) as {
      signatures: { id: string; examples: string[] }[];
    };
    return file.signatures;
  });

it("all that is written is compiled", () => {
  expect(signatures.map(({ id }) => id).sort()).toEqual(written.map(({ id }) => id).sort());
});

it.each(written.flatMap(({ id, examples }) => examples.map((example) => [id, example] as const)))(
  "%s is found in its example",
  (id, example) => {
    expect(findSignatures(example).map(({ signature }) => signature.id)).toContain(id);
  },
);

it("a boot that ends at the login prompt shows no fault of an earlier boot", () => {
  const log = [
    "[    0.000000] Linux version 6.8.0 (build)",
    "[   20.0] EXT4-fs error (device sda1): bad",
    "[    0.000000] Linux version 6.8.0 (build)",
    "[    8.0] systemd[1]: Reached target Multi-User System.",
    "web-01 login: ",
    "",
  ].join("\r\n");
  expect(findSignatures(lastBoot(log)).map(({ signature }) => signature.id)).toEqual(["boot.finished"]);
});

it("a healthy log shows nothing", () => {
  const log =
    "[    0.000000] Linux version 6.8.0\n[    1.0] Run /init as init process\n[   11.0] cloud-init: finished\n";
  expect(findSignatures(lastBoot(log))).toEqual([]);
});

it("a login prompt in the middle of a log is no end of a boot", () => {
  expect(findSignatures("web-01 login:\n[   99.0] reboot: Restarting system")).toEqual([]);
});

it("reads a megabyte of one line in no time", () => {
  const begun = performance.now();
  findSignatures(`${"http error ".repeat(100_000)}\n`);
  expect(performance.now() - begun).toBeLessThan(2_000);
});
