/** Stop signals: the CRI's names, the images' spellings, and the kernel's numbers. */
import { constants } from "node:os";
import type { Signal } from "../cri/messages.ts";

/** SIGRTMIN and SIGRTMAX as the C library counts them, signal(7). */
const realTimeFirst = 34;
const realTimeLast = 64;
const realTimeMiddle = 15;

/** The signal that stops a container: the request's, else its image's, else SIGTERM. */
export function stopSignal(requested: Signal, ofImage: string | undefined): Signal {
  if (requested !== "SIGNAL_RUNTIME_DEFAULT") return requested;
  const number = imageSignalNumber(ofImage ?? "");
  return number === undefined ? "SIGNAL_SIGTERM" : signalName(number);
}

/** The kernel's number of a CRI signal; SIGTERM's for the default and for names that Linux lacks here. */
export function signalNumber(signal: Signal): number {
  const name = signal.slice("SIGNAL_".length);
  const realTime = /^SIGRT(MIN|MAX)(?:(?:PLUS|MINUS)(\d+))?$/.exec(name);
  if (realTime) {
    const offset = Number(realTime[2] ?? 0);
    return realTime[1] === "MIN" ? realTimeFirst + offset : realTimeLast - offset;
  }
  if (name === "SIGCLD") return constants.signals.SIGCHLD;
  return constants.signals[name as keyof typeof constants.signals] ?? constants.signals.SIGTERM;
}

/** An image writes `SIGTERM`, `TERM`, `15` or `SIGRTMIN+3` (image-spec, config). */
function imageSignalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= realTimeLast ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, "").replace("+", "PLUS").replace("-", "MINUS");
  if (/^RT(MIN|MAX)((PLUS|MINUS)\d+)?$/.test(name)) return signalNumber(`SIGNAL_SIG${name}` as Signal);
  return constants.signals[`SIG${name}` as keyof typeof constants.signals];
}

function signalName(number: number): Signal {
  if (number === realTimeLast) return "SIGNAL_SIGRTMAX";
  if (number === realTimeFirst) return "SIGNAL_SIGRTMIN";
  if (number > realTimeFirst) {
    const name =
      number - realTimeFirst <= realTimeMiddle
        ? `RTMINPLUS${number - realTimeFirst}`
        : `RTMAXMINUS${realTimeLast - number}`;
    return `SIGNAL_SIG${name}` as Signal;
  }
  const entry = Object.entries(constants.signals).find(([, value]) => value === number);
  return entry ? (`SIGNAL_${entry[0]}` as Signal) : "SIGNAL_SIGTERM";
}
