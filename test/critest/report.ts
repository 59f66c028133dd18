import { readFile } from "node:fs/promises";

/** How a spec ended. `skipped` is one that skipped itself; specs that were not asked for are not in the list. */
export interface SpecResult {
  name: string;
  outcome: "passed" | "failed" | "skipped";
  seconds: number;
  /** Why it failed or skipped itself, with the place in critest's source. */
  message?: string;
}

// What ginkgo's --json-report holds, as far as it is read here.
interface SuiteReport {
  SpecReports: SpecReport[] | null;
}
interface SpecReport {
  ContainerHierarchyTexts: string[] | null;
  LeafNodeType: string;
  LeafNodeText: string;
  State: string;
  RunTime: number;
  Failure?: {
    Message?: string;
    ForwardedPanic?: string;
    Location?: { FileName?: string; LineNumber?: number };
  };
}

/** Reads ginkgo's JSON report. A failure of the suite's own set-up is a failed spec as well. */
export async function readReport(file: string): Promise<SpecResult[]> {
  const suites: SuiteReport[] = JSON.parse(await readFile(file, "utf8"));
  return suites
    .flatMap((suite) => suite.SpecReports ?? [])
    .map(specResult)
    .filter((result) => result !== undefined);
}

function specResult(report: SpecReport): SpecResult | undefined {
  const outcome = outcomeOf(report);
  if (!outcome) return undefined;
  const texts = [...(report.ContainerHierarchyTexts ?? []), report.LeafNodeText || report.LeafNodeType];
  return { name: texts.join(" "), outcome, seconds: report.RunTime / 1e9, message: reasonOf(report) };
}

function outcomeOf({ State, LeafNodeType, Failure }: SpecReport): SpecResult["outcome"] | undefined {
  const isSpec = LeafNodeType === "It";
  if (State === "passed") return isSpec ? "passed" : undefined;
  if (State === "pending") return undefined;
  // Without a message it was not in focus.
  if (State === "skipped") return isSpec && Failure?.Message ? "skipped" : undefined;
  return "failed";
}

function reasonOf({ Failure }: SpecReport): string | undefined {
  if (!Failure?.Message) return undefined;
  const { FileName, LineNumber } = Failure.Location ?? {};
  const place = FileName ? ` (${FileName.split("/").at(-1)}:${LineNumber})` : "";
  return [Failure.Message, Failure.ForwardedPanic].filter(Boolean).join(": ") + place;
}
