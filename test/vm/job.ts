/** What the machine is told to do, and what it answers. */

/**
 * `critest` and `conformance`, our own specs: against critter as systemd runs it. `e2e`, `apparmor` and `kubelet` start daemons
 * themselves.
 * `install` and `power` have machines to themselves: the one for two boots, with the runtime that docs/install.md leaves it with,
 * the other for as many as its power is cut, with the first runtime.
 */
export const SUITES = ["critest", "conformance", "e2e", "apparmor", "kubelet", "install", "power"] as const;
export const RUNTIMES = ["crun", "runc"] as const;

export const CGROUP_MANAGERS = ["systemd", "cgroupfs"] as const;

export type Suite = (typeof SUITES)[number];
export type OciRuntime = (typeof RUNTIMES)[number];

export type CgroupManager = (typeof CGROUP_MANAGERS)[number];

export interface Job {
  /** Without `install` and `power`. */
  suites: Suite[];
  runtimes: OciRuntime[];
  cgroupManager: CgroupManager;
  /** Only tests whose name matches; a regular expression, empty for all. */
  names: string;
  /** Only files of end-to-end tests, and features under a kubelet, whose name contains one of these; none for all. */
  files: string[];
  /** Whether the service's log is printed after critest and conformance. */
  log: boolean;
  /** How many times longer than elsewhere things may take. */
  slow: number;
}

/** What became of a suite with one runtime. */
export interface Result {
  suite: Suite;
  runtime: OciRuntime;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  /** Why it has no tests that could be counted; empty where it has. */
  error: string;
}

/** On the kernel's command line of a machine that is there to be installed. */
export const INSTALL_ARGUMENT = "critter.install";

/** The same of a machine whose power goes, with `=SEED:BOOT:ROUNDS`. */
export const POWER_ARGUMENT = "critter.power";

/** What precedes, in the machine's output, a ledger as JSON: the power is to be cut at once. */
export const CUT_MARK = "#cut ";

/** The ledger's name in the folder that the next boot shares. */
export const LEDGER_FILE = "ledger.json";

/** What precedes a `Result`, as JSON, in the machine's output. */
export const RESULT_MARK = "#result ";
