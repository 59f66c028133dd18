import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TRANSPORTS, type Transport } from "../stream-client/client.ts";
import { TerminalClient } from "../stream-client/terminal-client.ts";
import { eventually } from "../support/eventually.ts";
import { livePod } from "../support/live-pod.ts";
import { suite } from "../support/suite.ts";

const LEFT = "\x1b[D";
const UP = "\x1b[A";
const BACKSPACE = "\x7f";
const ESCAPE = "\x1b";
const CTRL_C = "\x03";
const CTRL_D = "\x04";
/** The prompt on a new line, with busybox' question where the cursor is, which it lets a terminal leave unanswered. */
const PROMPT = new RegExp(`\\r\\n/ # ${ESCAPE}\\[6n`);

describe("a shell in a real terminal", { concurrency: 2 }, () => {
  const parts = suite();

  for (const transport of TRANSPORTS)
    describe(`over ${transport}`, { concurrency: 4 }, () => specify(transport));

  function specify(transport: Transport) {
    const shell = (id: string) => {
      const size = { width: 90, height: 30 };
      return new TerminalClient(size, parts.daemon.socket, "exec", "--transport", transport, "-it", id, "sh");
    };

    it("edits lines with arrow keys and recalls them", async () => {
      await using pod = await livePod(parts.daemon);
      await using terminal = shell(await pod.run());
      await terminal.shows(PROMPT);
      terminal.type("echho number $((n += 1))");
      await terminal.shows(/echho number/);
      terminal.type(`${LEFT.repeat(20)}${BACKSPACE}\r`);
      await terminal.shows(/\nnumber 1(?=\r\n)/);
      await terminal.shows(PROMPT);
      terminal.type(`${UP}\r`);
      await terminal.shows(/\nnumber 2\r\n/);
    });

    it("interrupts a program with Ctrl-C, and the shell goes on", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      await using terminal = shell(id);
      await terminal.shows(PROMPT);
      terminal.type("sleep 100\r");
      await eventually(async () => assert.notEqual(await pod.sh(id, "pgrep -x sleep || true"), ""));
      terminal.type(CTRL_C);
      await terminal.shows(PROMPT);
      terminal.type("echo alive $?\r");
      await terminal.shows(/\nalive 130\r\n/);
    });

    it("ends with Ctrl-D and the exit code of the last command", async () => {
      await using pod = await livePod(parts.daemon);
      await using terminal = shell(await pod.run());
      await terminal.shows(PROMPT);
      terminal.type("(exit 6)\r");
      await terminal.shows(PROMPT);
      terminal.type(CTRL_D);
      assert.equal(await terminal.ended(), 6);
    });

    it("has the terminal's size, also after it changed", async () => {
      await using pod = await livePod(parts.daemon);
      await using terminal = shell(await pod.run());
      await terminal.shows(PROMPT);
      await assertSize(terminal, "30 90");
      terminal.resize({ width: 211, height: 77 });
      await assertSize(terminal, "77 211");
    });

    it("edits a file in vi and saves it", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      await using terminal = shell(id);
      await terminal.shows(PROMPT);
      terminal.type("vi /tmp/letter\r");
      await terminal.shows(/\/tmp\/letter.*1\/1/s);
      terminal.type(`iwritten in vi${ESCAPE}`);
      await terminal.shows(/written in vi/);
      terminal.type(":wq\r");
      await terminal.shows(/\/ # /);
      assert.equal(await pod.sh(id, "cat /tmp/letter"), "written in vi");
    });

    it("hangs up on the shell when the terminal is closed", async () => {
      await using pod = await livePod(parts.daemon);
      const id = await pod.run();
      {
        await using terminal = shell(id);
        await terminal.shows(PROMPT);
        terminal.type("sleep 4321\r");
        await eventually(async () => assert.notEqual(await pod.sh(id, "pgrep -x sleep || true"), ""));
      }
      await eventually(async () => assert.equal(await pod.sh(id, "pgrep -x sleep || true"), ""));
    });
  }
});

/** The size arrives beside what is typed, not before it. */
async function assertSize(terminal: TerminalClient, expected: string): Promise<void> {
  await eventually(async () => {
    terminal.type("stty size\r");
    await terminal.shows(/\d+ \d+(?=\r\n)/);
    await terminal.shows(PROMPT);
    assert.match(terminal.text, new RegExp(`\\n${expected}\r\n`));
  });
}
