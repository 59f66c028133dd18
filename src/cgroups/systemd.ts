/** systemd's part in cgroups: transient scopes for processes that are not its children, and slices (org.freedesktop.systemd1(5)). */
import { constants } from "node:os";
import { basename } from "node:path";
import { type DbusAddress, DbusConnection, DbusError } from "../linux/dbus.ts";
import type { DbusMessage } from "../linux/dbus-message.ts";
import type { DbusValue, DbusVariant } from "../linux/dbus-values.ts";
import { machineCgroups } from "./machine.ts";

export interface Scope {
  /** Ends in `.scope`; no other unit may have it. */
  name: string;
  /** The slice that it goes into, by name. */
  slice: string;
  description: string;
  /** The process to be moved there. */
  pid: number;
}

/** Of a unit: systemd.directives(7), in the spelling of org.freedesktop.systemd1(5). */
export type UnitProperty = [name: string, value: DbusVariant];

/** The system's bus, and systemd's own socket for where there is no bus. */
const addresses: readonly DbusAddress[] = [
  { path: "/run/dbus/system_bus_socket", bus: true },
  { path: "/run/systemd/private", bus: false },
];

const destination = "org.freedesktop.systemd1";
const manager = {
  destination,
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
};

const jobPatienceMs = 30_000;

/** A connection to systemd, made when first needed and anew after it was lost. */
export class Systemd {
  readonly #addresses: readonly DbusAddress[];
  readonly #jobs = new Map<string, (result: string) => void>();
  /** Results of jobs that nobody waited for yet: a job may be over before its name is known. */
  readonly #results = new Map<string, string>();
  #connection: Promise<DbusConnection> | undefined;

  constructor(from = addresses) {
    this.#addresses = from;
  }

  /**
   * Starts a transient scope and waits until the process is in it. It goes when the process does, and stays out of the list of
   * failed units. Rejects when systemd refuses it, or cannot be reached.
   */
  async startScope({ name, slice, description, pid }: Scope): Promise<void> {
    const service = ownService();
    const properties: UnitProperty[] = [
      ["Description", { signature: "s", value: description }],
      ["Slice", { signature: "s", value: slice }],
      ["PIDs", { signature: "au", value: [pid] }],
      // conmon passes SIGTERM on to its container, which the kubelet ends; SIGPIPE it ignores.
      ["KillSignal", { signature: "i", value: constants.signals.SIGPIPE }],
      ["CollectMode", { signature: "s", value: "inactive-or-failed" }],
      // At shutdown what was started last ends first.
      ...(service ? [["After", { signature: "as", value: [service] }] satisfies UnitProperty] : []),
    ];
    await this.#startTransient(name, properties);
  }

  /** Gives slice `name` the properties, as long as it is there: one that is not is made, until `stopSlice`. */
  async limitSlice(name: string, properties: readonly UnitProperty[]): Promise<void> {
    try {
      await this.#startTransient(name, [...properties]);
    } catch (error) {
      if (!(error instanceof DbusError && error.errorName === "org.freedesktop.systemd1.UnitExists"))
        throw error;
      await this.limitUnit(name, properties);
    }
  }

  /** Gives unit `name`, which is there, the properties until it ends. */
  async limitUnit(name: string, properties: readonly UnitProperty[]): Promise<void> {
    const connection = await this.#connected();
    const body = [name, true, [...properties]];
    await connection.call({ ...manager, member: "SetUnitProperties", signature: "sba(sv)", body });
  }

  /** Stops slice `name`, which systemd leaves where it is when the last unit has left it; it need not be there. */
  async stopSlice(name: string): Promise<void> {
    const connection = await this.#connected();
    const stop = { ...manager, member: "StopUnit", signature: "ss", body: [name, "replace"] };
    try {
      const [job] = await connection.call(stop);
      await this.#finished("stop", name, String(job));
    } catch (error) {
      if (!(error instanceof DbusError && error.errorName === "org.freedesktop.systemd1.NoSuchUnit"))
        throw error;
    }
  }

  async #startTransient(name: string, properties: DbusValue[]): Promise<void> {
    const connection = await this.#connected();
    const [job] = await connection.call({
      ...manager,
      member: "StartTransientUnit",
      signature: "ssa(sv)a(sa(sv))",
      body: [name, "fail", properties, []],
    });
    await this.#finished("start", name, String(job));
  }

  async #finished(verb: string, name: string, job: string): Promise<void> {
    const result = await this.#resultOf(job);
    if (result !== "done") throw new Error(`systemd cannot ${verb} ${name}: its job is ${result}`);
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
  }

  #connected(): Promise<DbusConnection> {
    this.#connection ??= this.#connect().catch((error) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #connect(): Promise<DbusConnection> {
    const { connection, bus } = await this.#open();
    connection.onSignal = (message) => this.#onSignal(message);
    void connection.ended.then((reason) => {
      this.#connection = undefined;
      this.#results.clear();
      for (const finish of this.#jobs.values()) finish(`unknown, ${reason.message}`);
    });
    const rule = `type='signal',sender='${destination}',interface='${manager.interface}',member='JobRemoved'`;
    if (bus) await connection.callBus("AddMatch", "s", [rule]);
    await connection.call({ ...manager, member: "Subscribe" });
    return connection;
  }

  async #open(): Promise<{ connection: DbusConnection; bus: boolean }> {
    const failures: unknown[] = [];
    for (const address of this.#addresses) {
      try {
        return { connection: await DbusConnection.open(address), bus: address.bus };
      } catch (error) {
        failures.push(error);
      }
    }
    throw new Error(`systemd cannot be reached: ${failures.join("; ")}`);
  }

  #onSignal({ interface: from, member, body }: DbusMessage): void {
    if (from !== manager.interface || member !== "JobRemoved") return;
    const [, job, , result] = body as [number, string, string, string];
    const finish = this.#jobs.get(job);
    if (finish) finish(result);
    else this.#results.set(job, result);
    // All of systemd's jobs are told, those of others too.
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= 256) break;
      this.#results.delete(oldest);
    }
  }

  async #resultOf(job: string): Promise<string> {
    const known = this.#results.get(job);
    if (known !== undefined) {
      this.#results.delete(job);
      return known;
    }
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#jobs.set(job, resolve);
    const timer = setTimeout(resolve, jobPatienceMs, "not over yet");
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#jobs.delete(job);
    }
  }
}

/** The unit that this process is the service of; undefined where it is none. */
function ownService(): string | undefined {
  const { hierarchies } = machineCgroups();
  const own = hierarchies.find(
    ({ unified, controllers }) => unified || controllers[0] === "name=systemd",
  )?.own;
  const unit = basename(own ?? "");
  return unit.endsWith(".service") ? unit : undefined;
}

let shared: Systemd | undefined;

/** The connection for who is handed none. */
export function machineSystemd(): Systemd {
  shared ??= new Systemd();
  return shared;
}
