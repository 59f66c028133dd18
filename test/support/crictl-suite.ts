/** What an end-to-end file of crictl stands on: a daemon, crictl with its socket, and pods made by it. */
import { after, before } from "node:test";
import type { ContainerConfig, PodSandboxConfig } from "../../src/cri/messages.ts";
import type { Init } from "../../src/cri/proto.ts";
import { containerConfig } from "./configs.ts";
import { Crictl } from "./crictl.ts";
import { podConfigFor } from "./pods.ts";
import { type Suite, type SuiteOptions, suite } from "./suite.ts";

export interface CrictlSuite extends Suite {
  crictl: Crictl;
}

/** Registers the hooks of a `describe`, as `suite` does. */
export function crictlSuite(options: SuiteOptions = {}): CrictlSuite {
  const parts = suite(options) as CrictlSuite;
  before(() => {
    parts.crictl = new Crictl(parts.daemon.socket);
  });
  after(() => parts.crictl?.dispose());
  return parts;
}

/** A pod that crictl ran; `await using` has crictl remove it. */
export class CrictlPod {
  readonly id: string;
  /** Path of its configuration. */
  readonly file: string;
  readonly config: Init<PodSandboxConfig>;
  readonly #crictl: Crictl;

  private constructor(crictl: Crictl, id: string, file: string, config: Init<PodSandboxConfig>) {
    this.#crictl = crictl;
    this.id = id;
    this.file = file;
    this.config = config;
  }

  static async run(
    { crictl, daemon }: CrictlSuite,
    changes: Init<PodSandboxConfig> = {},
  ): Promise<CrictlPod> {
    const config = podConfigFor(daemon, changes);
    const file = crictl.file(`${config.metadata?.name}.json`, config);
    return new CrictlPod(crictl, await crictl.ok("runp", file), file, config);
  }

  /** Creates a container, of busybox if nothing else is said, and answers its id. */
  async create(changes: Init<ContainerConfig> = {}): Promise<string> {
    const config = containerConfig(changes);
    const file = this.#crictl.file(`${config.metadata?.name}.json`, config);
    return this.#crictl.ok("create", this.id, file, this.file);
  }

  /** Creates a container and starts it. */
  async start(changes: Init<ContainerConfig> = {}): Promise<string> {
    return this.#crictl.ok("start", await this.create(changes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#crictl.ok("rmp", "--force", this.id);
  }
}
