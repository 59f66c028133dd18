/** Sends a message that the fuzzer has printed, alone, and prints how it is answered: `node test/fuzz/again.ts RPC BASE64`. */
import { afterwards } from "./afterwards.ts";
import { FuzzBed } from "./bed.ts";
import { faultOf } from "./oracle.ts";
import { again } from "./repeatable.ts";
import { rpcNamed } from "./schema.ts";
import { Sender } from "./sender.ts";

const [name = "", base64 = ""] = process.argv.slice(2);
const rpc = rpcNamed(name);
await using bed = await FuzzBed.start();
await bed.renew();
const sender = new Sender(bed.daemon.socket);
const bytes = again(base64, bed);
console.dir(rpc.decodeRequest(bytes), { depth: null, maxStringLength: 200 });
const outcome = await sender.send(rpc, bytes);
console.dir({ ...outcome, answers: outcome.answers.map((answer) => rpc.decode(answer)) }, { depth: null });
const fault =
  faultOf(rpc, outcome) ?? (outcome.code === "OK" ? await afterwards(sender, rpc, outcome) : undefined);
console.log(fault ?? "nothing is wrong");
sender.close();
