/** Every difference that there is, and why it is right; docs/config-json.md is made of this. */
import type { Explanation } from "./explanation.ts";
import { type Kind, UNPRIVILEGED } from "./requests.ts";
import { seccompExplanations } from "./seccomp-explanations.ts";

const ownNetwork: readonly Kind[] = ["plain", "privileged", "user-namespace"];
const mapped: readonly Kind[] = ["user-namespace"];

const given = "{bounding,effective,permitted}";
const usualCapabilities =
  "CAP_AUDIT_WRITE,CAP_CHOWN,CAP_DAC_OVERRIDE,CAP_FOWNER,CAP_FSETID,CAP_KILL,CAP_MKNOD,CAP_NET_BIND_SERVICE," +
  "CAP_NET_RAW,CAP_SETFCAP,CAP_SETGID,CAP_SETPCAP,CAP_SETUID,CAP_SYS_CHROOT";
const usualDevices = "c 1:3,c 1:5,c 1:7,c 1:8,c 1:9,c 5:0,c 5:1,c 5:2,c 136:*";

const general: Explanation[] = [
  {
    path: "ociVersion",
    containerd: "1.0.2-dev",
    critter: "1.0.2",
    reason: "The version of the specification that each was written to; runtimes take both.",
  },
  {
    path: "annotations[io.container.manager]",
    critter: "critter",
    reason: "Tells tools that read config.json who made it, by the name that CRI-O uses.",
  },
  {
    path: "annotations[io.kubernetes.cri-o.{ContainerType,Namespace,SandboxID}]",
    critter: "…",
    reason:
      "What io.kubernetes.cri says in both, by CRI-O's names too: runtimes and hooks that were written for CRI-O look for them.",
  },
  {
    owner: "container",
    path: "annotations[io.kubernetes.cri-o.{ContainerID,ContainerName,ImageName}]",
    critter: "…",
    reason: "The same.",
  },
  {
    owner: "sandbox",
    path: "annotations[io.kubernetes.cri-o.{LogPath,PodLinuxOverhead,PodLinuxResources}]",
    critter: "…",
    reason: "The same; the pod's size in the JSON that CRI-O writes.",
  },
  {
    owner: "container",
    path: "root.path",
    containerd: "rootfs",
    critter: "/var/lib/critter/storage/overlay-containers/CONTAINER/rootfs",
    reason:
      "containerd's shim mounts the root filesystem in the bundle; critter mounts it among its storage, and says where.",
  },
  {
    owner: "sandbox",
    path: "root.path",
    containerd: "rootfs",
    critter: "/var/lib/critter/storage/overlay-shared/IMAGE",
    reason: "Nobody writes to the pause image: all pods share one mount of it, which is read-only.",
  },
];

const processes: Explanation[] = [
  {
    owner: "container",
    kinds: UNPRIVILEGED,
    path: `process.capabilities.${given}[{CAP_AUDIT_WRITE,CAP_NET_RAW,CAP_SETFCAP,CAP_SYS_CHROOT}]`,
    containerd: "listed",
    reason:
      "Not among the default_capabilities of crio.conf, which are CRI-O's: its users bring programs that do without. " +
      "A pod can add them, a node can add them for all.",
  },
  {
    owner: "sandbox",
    path: `process.capabilities.${given}[{${usualCapabilities}}]`,
    containerd: "listed",
    reason: "The pause program waits: it needs no capability, so it cannot be given one back either.",
  },
  {
    owner: "sandbox",
    path: "process.user.additionalGids[2000]",
    critter: "listed",
    reason:
      "supplemental_groups of the pod's security context; containerd 1.6 sets the image's user after them, and they are lost. " +
      "The pause program opens no file that would tell.",
  },
];

const mounts: Explanation[] = [
  {
    owner: "container",
    path: "mounts[/{data,dev/shm,dev/termination-log,etc/hostname,etc/hosts,etc/resolv.conf}].options[rw]",
    containerd: "listed",
    reason:
      "A bind mount is writable without it. runc from 1.2 on sets all flags of a mount anew where it finds one in the options, and " +
      "what is nosuid, nodev or noexec on the host would not be so in the container.",
  },
  {
    owner: "container",
    path: "mounts[/var/run/secrets/kubernetes.io/serviceaccount].options[{nosuid,nodev,noexec}]",
    critter: "listed",
    reason: "For the same reason: beside ro the others that the volume's mount has are said again.",
    where: "where the host mounts the kubelet's folder so",
  },
  {
    owner: "container",
    path: "mounts[/dev/shm].options[{nosuid,nodev,noexec}]",
    critter: "listed",
    reason:
      "The pod's tmpfs is mounted so, and crun would make it otherwise in the container: it sets all flags anew.",
  },
  {
    owner: "container",
    path: "mounts[/dev/shm].source",
    containerd: "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/POD/shm",
    critter: "/run/critter/sandboxes/POD/shm",
    reason: "Where each keeps a pod's files.",
  },
  {
    owner: "container",
    path: "mounts[/etc/{hostname,resolv.conf}].source",
    containerd: "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/POD/…",
    critter: "/run/critter/sandboxes/POD/…",
    reason: "Where each keeps a pod's files; critter's are gone after a reboot, as the pod is.",
  },
  {
    owner: "container",
    kinds: mapped,
    path: "mounts[/etc/{hostname,resolv.conf}].{uidMappings,gidMappings}",
    containerd: "[{…}]",
    reason:
      "containerd 2 has the runtime map the files of its own; critter makes them the pod's root's, which every kernel can.",
  },
  {
    owner: "sandbox",
    path: "mounts[/{dev/pts,dev/mqueue,sys}]",
    containerd: "…",
    reason: "The pause program looks at none of them, and each mount costs a pod's start time.",
  },
  {
    owner: "sandbox",
    path: "mounts[/{dev/shm,etc/resolv.conf}]",
    containerd: "type=bind …",
    reason:
      "Runtimes that make a virtual machine of a pod read them, through containerd's shim protocol, which critter does not " +
      "speak (runtime_type is oci).",
  },
];

const namespaces: Explanation[] = [
  {
    owner: "container",
    kinds: ownNetwork,
    path: "linux.namespaces[network]",
    containerd: "/proc/PAUSE/ns/net",
    critter: "/var/run/netns/POD",
    reason:
      "critter pins a pod's namespaces on files: they need no process (drop_infra_ctr), and a number that another process " +
      "got meanwhile leads nowhere wrong.",
  },
  {
    owner: "container",
    kinds: ownNetwork,
    path: "linux.namespaces[uts]",
    containerd: "/proc/PAUSE/ns/uts",
    critter: "/var/run/utsns/POD",
    reason: "The same.",
  },
  {
    owner: "container",
    path: "linux.namespaces[ipc]",
    containerd: "/proc/PAUSE/ns/ipc",
    critter: "/var/run/ipcns/POD",
    reason: "The same.",
  },
  {
    owner: "container",
    kinds: mapped,
    path: "linux.namespaces[user]",
    containerd: "/proc/PAUSE/ns/user",
    critter: "/var/run/userns/POD",
    reason: "The same.",
  },
  {
    owner: "container",
    kinds: ["host-network"],
    path: "linux.namespaces[{network,uts}]",
    containerd: "/proc/PAUSE/ns/…",
    reason: "The pause process is in the host's, and so is who joins none: the same namespace.",
  },
  {
    owner: "sandbox",
    kinds: ownNetwork,
    path: "linux.namespaces[network]",
    containerd: "/run/containerd/io.containerd.grpc.v1.cri/netns/cni-ID",
    critter: "/var/run/netns/POD",
    reason: "Both pin it. On a node containerd does so in /var/run/netns too.",
  },
  {
    owner: "sandbox",
    kinds: ownNetwork,
    path: "linux.namespaces[uts]",
    containerd: "new",
    critter: "/var/run/utsns/POD",
    reason: "Pinned before the pause process is there, see above.",
  },
  {
    owner: "sandbox",
    path: "linux.namespaces[ipc]",
    containerd: "new",
    critter: "/var/run/ipcns/POD",
    reason: "The same; a pod's sysctls are set there at that moment.",
  },
  {
    owner: "sandbox",
    kinds: mapped,
    path: "linux.namespaces[user]",
    containerd: "new",
    critter: "/var/run/userns/POD",
    reason: "The same; the pod's other namespaces belong to it.",
  },
  {
    kinds: mapped,
    path: "linux.{uidMappings,gidMappings}",
    containerd: "[{…}]",
    reason:
      "runc reads them from the namespace that it joins, and complains where they are said twice. " +
      "For a runtime that does not (crun), critter writes them.",
  },
];

const devices: Explanation[] = [
  {
    owner: "container",
    kinds: UNPRIVILEGED,
    path: `linux.resources.devices[{${usualDevices}}]`,
    critter: "allow rwm",
    reason:
      "null, zero, full, random, urandom, tty, console, ptmx and pts. runc and crun allow them without being told: " +
      "written out, config.json says all that holds.",
  },
  {
    owner: "container",
    kinds: UNPRIVILEGED,
    path: "linux.resources.devices[{c,b} *:*]",
    critter: "allow m",
    reason: "The same: nodes may be made, which takes CAP_MKNOD, but not opened.",
  },
  {
    owner: "sandbox",
    path: `linux.resources.devices[{${usualDevices}}]`,
    critter: "allow rwm",
    reason: "The same.",
  },
  {
    owner: "sandbox",
    path: "linux.resources.devices[{c,b} *:*]",
    critter: "allow m",
    reason: "The same.",
  },
];

const protectedPaths: Explanation[] = [
  {
    owner: "sandbox",
    path:
      "linux.maskedPaths[{/proc/acpi,/proc/asound,/proc/kcore,/proc/keys,/proc/latency_stats,/proc/sched_debug,/proc/scsi," +
      "/proc/timer_list,/proc/timer_stats,/sys/firmware}]",
    containerd: "listed",
    reason:
      "In these pods nobody can use the pause program's /proc: it shares its PID namespace with no container, and as it is not root's " +
      "it can change nothing there. Where either is otherwise, critter masks the same and more.",
  },
  {
    owner: "sandbox",
    path: "linux.readonlyPaths[/proc/{bus,fs,irq,sys,sysrq-trigger}]",
    containerd: "listed",
    reason: "The same.",
  },
];

export const explanations: readonly { title: string; explanations: readonly Explanation[] }[] = [
  { title: "The file", explanations: general },
  { title: "The process", explanations: processes },
  { title: "Mounts", explanations: mounts },
  { title: "Namespaces", explanations: namespaces },
  { title: "Devices", explanations: devices },
  { title: "Protected paths", explanations: protectedPaths },
  { title: "Seccomp, where RuntimeDefault is asked for", explanations: seccompExplanations },
];
