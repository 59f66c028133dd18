/** Calls of methods over D-Bus: on a bus, or straight to a service on its own socket. */
import type { DbusMessage } from "./dbus-message.ts";
import { DbusSocket } from "./dbus-socket.ts";
import type { DbusValue } from "./dbus-values.ts";

/** Where a service is to be found. */
export interface DbusAddress {
  /** Of the socket. */
  path: string;
  /** Whether a bus is there, which must be greeted first. */
  bus: boolean;
}

export interface DbusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  /** Types of the arguments; none when absent. */
  signature?: string;
  body?: DbusValue[];
}

/** What a service answered in place of a result. */
export class DbusError extends Error {
  /** Such as `org.freedesktop.systemd1.UnitExists`. */
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message === "" ? errorName : message);
    this.name = "DbusError";
    this.errorName = errorName;
  }
}

interface Waiting {
  resolve(body: DbusValue[]): void;
  reject(error: Error): void;
}

const patienceMs = 25_000;

export class DbusConnection {
  /** Called for each signal that comes; on a bus only for those asked for by AddMatch. */
  onSignal: (message: DbusMessage) => void = () => {};
  readonly #socket: DbusSocket;
  readonly #waiting = new Map<number, Waiting>();
  #serial = 0;

  private constructor(socket: DbusSocket) {
    this.#socket = socket;
    socket.onMessage = (message) => this.#receive(message);
    void socket.ended.then((reason) => this.#end(reason));
  }

  /** Connects. Rejects where nobody listens, or who does will not have this process. */
  static async open({ path, bus }: DbusAddress): Promise<DbusConnection> {
    const connection = new DbusConnection(await DbusSocket.open(path));
    if (bus) await connection.callBus("Hello");
    return connection;
  }

  /** Resolves with the reason when the connection has ended. */
  get ended(): Promise<Error> {
    return this.#socket.ended;
  }

  /** The method's results. Rejects with DbusError, or with the reason why none can come; after 25 s with that. */
  call({ signature = "", body = [], ...call }: DbusCall): Promise<DbusValue[]> {
    const serial = ++this.#serial;
    const { promise, resolve, reject } = Promise.withResolvers<DbusValue[]>();
    const timer = setTimeout(() => reject(new Error(`${call.member}: no answer over D-Bus`)), patienceMs);
    this.#waiting.set(serial, { resolve, reject });
    this.#socket.send({ type: "call", serial, ...call, signature, body });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(serial);
    });
  }

  /** A method of the bus itself. */
  callBus(member: string, signature = "", body: DbusValue[] = []): Promise<DbusValue[]> {
    const name = "org.freedesktop.DBus";
    return this.call({
      destination: name,
      path: "/org/freedesktop/DBus",
      interface: name,
      member,
      signature,
      body,
    });
  }

  close(): void {
    this.#socket.close();
  }

  #receive(message: DbusMessage): void {
    if (message.type === "signal") this.onSignal(message);
    const waiting = this.#waiting.get(message.replySerial ?? 0);
    if (message.type === "return") waiting?.resolve(message.body);
    if (message.type === "error")
      waiting?.reject(new DbusError(message.errorName ?? "", String(message.body[0] ?? "")));
  }

  #end(reason: Error): void {
    for (const { reject } of this.#waiting.values()) reject(reason);
  }
}
