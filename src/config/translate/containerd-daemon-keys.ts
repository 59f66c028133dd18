/** What becomes of containerd's keys beside those of its CRI. The first rule that fits counts. */
import { changed, elsewhere, ignored, none, type Rule, taken } from "./containerd-rules.ts";

const otlp = "plugins/io.containerd.tracing.processor.v1.otlp";
const tracing = "plugins/io.containerd.internal.v1.tracing";
const tasks = "plugins/io.containerd.service.v1.tasks-service";
const noTcp = "there is no CRI by TCP";
const noPlugins = "critter has no plugins";

export const daemonKeys: readonly Rule[] = [
  ...["version", "imports", "disabled_plugins", "metrics/address"].map(elsewhere),
  elsewhere("plugins/io.containerd.transfer.v1.local/config_path"),
  ...["endpoint", "protocol", "insecure"].map((key) => elsewhere(`${otlp}/${key}`)),
  ...["sampling_ratio", "service_name"].map((key) => elsewhere(`${tracing}/${key}`)),

  taken("debug/level", "crio.runtime.log_level"),
  taken("grpc/max_recv_message_size", "crio.api.grpc_max_recv_msg_size", 16777216),
  taken("grpc/max_send_message_size", "crio.api.grpc_max_send_msg_size", 16777216),
  taken(`${tasks}/blockio_config_file`, "crio.runtime.blockio_config_file"),

  changed(
    "root",
    "critter keeps images and state in /var/lib/critter; mount a disk of its own there",
    "/var/lib/containerd",
  ),
  changed("state", "critter's runroot is /run/critter", "/run/containerd"),
  ignored("temp", "critter unpacks where layers stay"),
  ignored("plugin_dir", noPlugins),
  changed("oom_score", "OOMScoreAdjust= of critter's unit says it, -999 as packaged"),
  changed("cgroup/path", "Slice= of critter's unit says it"),
  ignored("required_plugins", noPlugins),
  none("proxy_plugins/**", "plugins of containerd's cannot be used"),
  ignored("stream_processors/**", "they are for encrypted images, which cannot be pulled"),
  ignored("timeouts/**", "critter's own time limits are fixed"),
  changed("grpc/address", "critter listens on /run/critter/critter.sock", "/run/containerd/containerd.sock"),
  none("grpc/uid", "the socket is root's, and who may write to it is root"),
  none("grpc/gid", "the socket is of root's group, and who may write to it is root"),
  none("grpc/tcp_*", noTcp),
  none("grpc-tcp/address", noTcp),
  ignored("grpc-tcp/**", noTcp),
  ignored("ttrpc/**", "conmon is the monitor of every container, there are no shims"),
  changed("debug/format", "critter's log is JSON, a line each", "json"),
  ignored("debug/log_trace_id", "the log has trace_id where there is a trace"),
  none("debug/**", "there is no socket for debugging; docs/debugging.md says what there is"),
  changed("metrics/grpc_histogram", "the time that RPCs take is among critter's metrics"),
  none(
    "plugins/io.containerd.image-verifier.v1.bindir/bin_dir",
    "no program is asked; signature_policy says which images may be pulled",
    "/opt/containerd/image-verifier/bin",
  ),
  none(`${tasks}/rdt_config_file`, "critter has no classes of RDT: caches and bandwidth are shared"),
  ignored("plugins/io.containerd.nri.v1.nri/**", "critter has no NRI: its plugins are not called"),
  ignored("plugins/**", "it is about a plugin of containerd's own"),
];
