/** node:http and node:https without undici: to import them by their names loads it too, 10 MB and 30 ms of a processor. */

export const nodeHttp = process.getBuiltinModule("node:http");
export const nodeHttps = process.getBuiltinModule("node:https");
