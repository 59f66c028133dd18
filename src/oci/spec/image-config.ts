/** What a container takes from its image: `config` of the OCI image configuration (image-spec, config.md). */

/** Names are the document's own; Docker's images have the same. Registries hold `null` for what is absent. */
export interface ImageConfig {
  /** `user`, `uid`, `user:group`, `uid:gid` or a mixture; root when empty. */
  User?: string | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  /** `NAME=VALUE` each. */
  Env?: string[] | null;
  WorkingDir?: string | null;
  StopSignal?: string | null;
  /** Paths are the keys. */
  Volumes?: Record<string, unknown> | null;
}
