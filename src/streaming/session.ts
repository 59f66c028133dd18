/** What a session of the streaming server does, whatever carries it: the contract between the domain and the protocols. */
import type { Duplex, Readable, Writable } from "node:stream";
import type { TerminalSize } from "../linux/terminal.ts";

export type { TerminalSize };

/** The streams of a command as a client's connection carries them; those that were not asked for are absent. */
export interface CommandStreams {
  /** Ends when the client closes its half. */
  stdin?: Readable;
  /** What is written to the outputs may be overwritten once they have called back for it. */
  stdout?: Writable;
  stderr?: Writable;
  /** Calls back with each new size of the client's terminal, and at once with one that came before. */
  onResize(listener: (size: TerminalSize) => void): void;
}

/** An exec or attach that a client may open once. */
export interface CommandSession {
  kind: "exec" | "attach";
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
  /**
   * Connects the command with the client until the command's end, when all of its output has been written to the streams (it
   * need not end them). Once `signal` is aborted the client is gone: what the session started is ended, and then it settles.
   */
  run(streams: CommandStreams, signal: AbortSignal): Promise<{ exitCode: number }>;
}

/** A port-forward that a client may open once; any number of connections. */
export interface PortForwardSession {
  kind: "portforward";
  /** As requested; a SPDY client names its ports itself, connection by connection. */
  ports: readonly number[];
  /** What the pod is called in messages. */
  pod: string;
  /** Opens a TCP connection (half-open allowed) to a port of the pod's loopback. Rejects with the connection's error. */
  connect(port: number, signal: AbortSignal): Promise<Duplex>;
}

export type Session = CommandSession | PortForwardSession;
