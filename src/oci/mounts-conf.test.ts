import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventually } from "../../test/support/eventually.ts";
import { redirectLog } from "../log.ts";
import { MountsConf } from "./mounts-conf.ts";

const folder = mkdtempSync(join(tmpdir(), "critter-mounts-conf-"));
after(() => rmSync(folder, { recursive: true }));
after(redirectLog(() => {}));
const secrets = join(folder, "secrets");
mkdirSync(join(secrets, "deep"), { recursive: true, mode: 0o700 });
writeFileSync(join(secrets, "deep/key"), "secret", { mode: 0o640 });
symlinkSync("deep/key", join(secrets, "link"));
const [first, second] = [join(folder, "first.conf"), join(folder, "second.conf")];
let copies = 0;

async function mountsOf(conf: MountsConf, taken: string[] = []) {
  const mounts = await conf.mountsFor(join(folder, `copy${++copies}`), { uid: 0, gid: 0 }, (path) =>
    taken.includes(path),
  );
  return mounts.map(({ destination, source }) => ({ destination, source }));
}

test("what the file names is copied, links followed; comments and what is absent are left out", async (t) => {
  writeFileSync(
    first,
    `# comment\n${secrets}:/run/secrets\n\n  ${secrets}/link  \n/no/such:/x\n${secrets}:rel\n`,
  );
  const conf = new MountsConf(first);
  t.after(() => conf.close());
  const mounts = await mountsOf(conf);
  assert.deepEqual(
    mounts.map(({ destination }) => destination),
    ["/run/secrets", `${secrets}/link`],
  );
  const [all = { source: "" }, file = { source: "" }] = mounts;
  for (const path of [join(all.source, "deep/key"), join(all.source, "link"), file.source]) {
    assert.equal(readFileSync(path, "utf8"), "secret");
    assert.equal(statSync(path).mode & 0o777, 0o640);
  }
  assert.equal(statSync(all.source).mode & 0o777, 0o700);
  assert.deepEqual((await mountsOf(conf, ["/run/secrets"])).length, 1);
});

test("in a user namespace the copy is its root's", async (t) => {
  writeFileSync(second, `${secrets}:/run/secrets\n`);
  const conf = new MountsConf(second);
  t.after(() => conf.close());
  const [{ source } = { source: "" }] = await conf.mountsFor(
    join(folder, "mapped"),
    { uid: 70000, gid: 80000 },
    () => false,
  );
  const owners = [source, join(source, "deep/key")].map((path) => [statSync(path).uid, statSync(path).gid]);
  assert.deepEqual(owners, [
    [70000, 80000],
    [70000, 80000],
  ]);
  assert.equal(statSync(join(secrets, "deep/key")).uid, 0);
});

test("the first of the usual files that there is counts, from when it is there", async (t) => {
  rmSync(first);
  writeFileSync(second, `${secrets}:/second\n`);
  const conf = new MountsConf("", [first, second]);
  t.after(() => conf.close());
  const expect = (path: string) =>
    eventually(async () =>
      assert.deepEqual(
        (await mountsOf(conf)).map(({ destination }) => destination),
        [path],
      ),
    );
  await expect("/second");
  writeFileSync(first, `${secrets}:/first/../first\n`);
  await expect("/first");
  rmSync(first);
  await expect("/second");
});
