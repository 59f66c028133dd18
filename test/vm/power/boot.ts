/**
 * Run in a machine whose power goes: a boot finds what the one before it has promised, makes promises of its own, and has the
 * power cut by whoever reads its output. The last one only finds. Its argument is `SEED:BOOT:ROUNDS`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { churn } from "../../power/churn.ts";
import { ImageSources } from "../../power/image-sources.ts";
import { Ledger } from "../../power/ledger.ts";
import { moments } from "../../power/moments.ts";
import { checkNode, ledgerOf } from "../../power/round.ts";
import { Random } from "../../support/random.ts";
import { CUT_MARK, LEDGER_FILE } from "../job.ts";
import { firstNode, nodeAgain } from "./node.ts";

const [seed, boot, rounds] = process.argv[2]!.split(":").map(Number) as [number, number, number];
const random = new Random(seed * 1000 + boot);
await using sources = await ImageSources.start();
const { daemon, images } = await (boot === 0 ? firstNode(sources) : nodeAgain(sources));
if (boot > 0) await find();
if (boot < rounds) await promise();
else await daemon.dispose();

/** Prints what came of it as a suite does. */
async function find(): Promise<void> {
  execFileSync("mount", ["-t", "9p", "-o", "trans=virtio,ro", "host", "/mnt"]);
  const ledger = Ledger.from(JSON.parse(readFileSync(`/mnt/${LEDGER_FILE}`, "utf8")));
  try {
    await checkNode(daemon, ledger, images);
    console.log(`nothing lost: cut ${boot}, ${ledger.pods.length} pods, ${ledger.images.size} images`);
    console.log("1 passed, 0 failed, 0 skipped");
  } catch (error) {
    console.log(`lost: cut ${boot}, seed ${seed}\n${(error as Error).stack}`);
    console.log(readFileSync(`${daemon.folder}/critter.log`, "utf8").slice(-20_000));
    console.log("0 passed, 1 failed, 0 skipped");
    process.exit(1);
  }
}

/** Does not return: the power goes. Rejects where a client is refused before that. */
async function promise(): Promise<void> {
  const ledger = await ledgerOf(daemon, images);
  const moment = random.pick(moments);
  console.log(`boot ${boot}: the power goes ${moment.name}`);
  moment.arm(ledger, random, () => {
    ledger.close();
    // In one go: nobody may ask for anything, or be answered, that the ledger does not know of.
    writeFileSync(process.stdout.fd, `${CUT_MARK}${JSON.stringify(ledger)}\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
  await churn({ daemon, ledger, random: random.fork(), images: [...images.keys()] });
}
