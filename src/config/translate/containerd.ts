/** From containerd's config.toml, of any version, to critter's crio.conf. */

import { criKeys } from "./containerd-cri-keys.ts";
import { daemonKeys } from "./containerd-daemon-keys.ts";
import { type ContainerdFiles, readContainerdFiles } from "./containerd-files.ts";
import { translateMetrics, translateTracing } from "./containerd-observation.ts";
import { translateCapabilities, translatePods, translateSysctls } from "./containerd-pods.ts";
import { translateRegistries } from "./containerd-registries.ts";
import { ruleFor } from "./containerd-rules.ts";
import { translateRuntimes } from "./containerd-runtimes.ts";
import { translateNetwork, translateStreaming } from "./containerd-servers.ts";
import type { Leaf } from "./leaves.ts";
import { isEmpty, Translation } from "./translation.ts";

const rules = [...criKeys, ...daemonKeys];

/** Translates `file` and what it imports. @throws ConfigError */
export function translateContainerd(file: string): Translation {
  const files = readContainerdFiles(file);
  const { leaves, version } = files;
  const translation = new Translation();
  remarkFiles(files, translation);
  const foreign = translateRuntimes(leaves, translation);
  for (const leaf of leaves.all()) if (!foreign(leaf.path)) translateLeaf(leaf, translation);
  translateStreaming(leaves, translation);
  translateNetwork(leaves, translation);
  translatePods(leaves, translation);
  translateCapabilities(translation);
  translateSysctls(leaves, version, translation);
  translateRegistries(leaves, translation);
  translateMetrics(leaves, translation);
  translateTracing(leaves, translation);
  return translation;
}

function remarkFiles({ leaves, split, misplaced }: ContainerdFiles, translation: Translation): void {
  for (const table of split) {
    translation.remark(
      "changed",
      table,
      "an earlier file has this plugin too: containerd 1 takes the last table alone, containerd 2 lays one over the other, as it is done here",
    );
  }
  for (const leaf of misplaced)
    translation.remark("ignored", leaf, "containerd itself does not read it in this table since version 3");
  const disabled = leaves.get("disabled_plugins");
  const names = Array.isArray(disabled?.value) ? disabled.value : [];
  if (disabled && names.some((name) => name === "cri" || name === "io.containerd.grpc.v1.cri"))
    translation.remark("changed", disabled, "this containerd served no kubelet: critter's CRI is always on");
}

function translateLeaf(leaf: Leaf, translation: Translation): void {
  const match = ruleFor(rules, leaf.path);
  if (!match) {
    translation.remark("none", leaf, "neither critter nor containerd's manual knows the key");
    return;
  }
  const { rule, name } = match;
  if ("elsewhere" in rule) return;
  if (isEmpty(leaf.value) || rule.idle.includes(leaf.value)) {
    translation.idle++;
    return;
  }
  if ("text" in rule) {
    translation.remark(rule.kind, leaf, rule.text);
    return;
  }
  if (rule.to.includes("*")) translation.handlers.add(name);
  translation.take(
    rule.to.replace("*", () => name),
    leaf.value,
    leaf,
  );
}
