/** What a monitor answers on its sync pipe: one line of JSON. */
import type { Readable } from "node:stream";
import { shown } from "../printable.ts";

/** `pid` is the container's process, or negative with the runtime's output as `message`. */
export interface MonitorAnswer {
  pid: number;
  message: string;
}

/** A monitor that writes more without a newline writes no answer. */
const MAX_CHARACTERS = 1 << 20;
const SHOWN_CHARACTERS = 300;

/** Reads the answer's line; undefined when the pipe ends without one. Throws an error that shows what is no answer. */
export async function readAnswer(pipe: Readable): Promise<MonitorAnswer | undefined> {
  const text = await firstLine(pipe);
  return text === "" ? undefined : parse(text);
}

function firstLine(pipe: Readable): Promise<string> {
  let text = "";
  pipe.setEncoding("utf8");
  return new Promise((resolve) => {
    const finish = () => resolve(text.split("\n", 1)[0]!);
    pipe.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n") || text.length > MAX_CHARACTERS) finish();
    });
    pipe.on("close", finish);
    pipe.on("error", finish);
  });
}

function parse(text: string): MonitorAnswer {
  try {
    // `data` in place of `pid` is the later form (conmon's --api-version 1).
    const { pid, data, message = "" } = JSON.parse(text);
    const number: unknown = pid ?? data;
    if (!Number.isSafeInteger(number)) throw new Error("no process");
    return { pid: number as number, message: String(message) };
  } catch {
    throw new Error(`answered ${shown(text.slice(0, SHOWN_CHARACTERS))}, which names no process`);
  }
}
