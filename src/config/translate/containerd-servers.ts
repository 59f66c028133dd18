/** containerd's streaming server and its CNI folders, in critter's keys. */
import type { Leaves } from "./leaves.ts";
import { isEmpty, type Translation } from "./translation.ts";

/** `enable_tls_streaming`, which makes a certificate where there is none; critter wants one. */
export function translateStreaming(leaves: Leaves, translation: Translation): void {
  const enabled = leaves.get("cri", "enable_tls_streaming");
  if (enabled?.value !== true) return;
  const cert = leaves.get("cri", "x509_key_pair_streaming", "tls_cert_file");
  const key = leaves.get("cri", "x509_key_pair_streaming", "tls_key_file");
  if (!cert || !key || isEmpty(cert.value) || isEmpty(key.value)) {
    translation.remark(
      "none",
      enabled,
      "critter makes no certificate for the streaming server: set stream_enable_tls, stream_tls_cert and stream_tls_key",
    );
    return;
  }
  translation.take("crio.api.stream_enable_tls", true, enabled);
  translation.take("crio.api.stream_tls_cert", cert.value, cert);
  translation.take("crio.api.stream_tls_key", key.value, key);
}

export function translateNetwork(leaves: Leaves, translation: Translation): void {
  const folder = leaves.get("cri", "cni", "conf_dir");
  if (folder && !isEmpty(folder.value)) translation.take("crio.network.network_dir", folder.value, folder);
  const several = leaves.get("cri", "cni", "bin_dirs");
  const one = leaves.get("cri", "cni", "bin_dir");
  const programs = [one, several].find((leaf) => leaf && !isEmpty(leaf.value));
  if (!programs) return;
  const { value } = programs;
  translation.take("crio.network.plugin_dirs", Array.isArray(value) ? value : [value], programs);
}
