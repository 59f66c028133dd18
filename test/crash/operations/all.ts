/** Every operation that is killed at each of its points. */
import {
  createContainer,
  removeContainer,
  removeRunningContainer,
  startContainer,
  stopContainer,
} from "./containers.ts";
import { pullImage, pullImageOfKnownBase, removeImage, removeUsedImage } from "./images.ts";
import type { AnyOperation } from "./operation.ts";
import { removePodSandbox, removeRunningPodSandbox, runPodSandbox, stopPodSandbox } from "./pods.ts";
import { startAfterHalfPull, startAfterHalfRemoval, startAfterHalfRun } from "./starts.ts";

export const operations: AnyOperation[] = [
  runPodSandbox,
  createContainer,
  startContainer,
  stopContainer,
  removeContainer,
  removeRunningContainer,
  stopPodSandbox,
  removePodSandbox,
  removeRunningPodSandbox,
  pullImage,
  pullImageOfKnownBase,
  removeImage,
  removeUsedImage,
  startAfterHalfRun,
  startAfterHalfRemoval,
  startAfterHalfPull,
];
