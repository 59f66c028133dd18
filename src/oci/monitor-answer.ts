/** What a monitor answers on its sync pipe: one line of JSON. */
import type { Readable } from "node:stream";

/** `pid` is the container's process, or negative with the runtime's output as `message`. */
export interface MonitorAnswer {
  pid: number;
  message: string;
}

/** Reads the answer's line; undefined when the pipe ends without one. */
export function readAnswer(pipe: Readable): Promise<MonitorAnswer | undefined> {
  let text = "";
  pipe.setEncoding("utf8");
  return new Promise((resolve) => {
    const finish = () => resolve(parse(text));
    pipe.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) finish();
    });
    pipe.on("close", finish);
    pipe.on("error", finish);
  });
}

function parse(text: string): MonitorAnswer | undefined {
  try {
    // `data` in place of `pid` is the later form (conmon's --api-version 1).
    const { pid, data, message = "" } = JSON.parse(text.split("\n", 1)[0]!);
    return { pid: pid ?? data, message };
  } catch {
    return undefined;
  }
}
