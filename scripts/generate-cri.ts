/**
 * Writes proto/cri-api/runtime/v1/api.proto and src/cri/messages.ts from the CRI's descriptor (JSON, as
 * protobufjs reads and writes it). Usage: node scripts/generate-cri.ts ../shared/cri-api/cri-v1.descriptor.json
 */
import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";

interface Field {
  type: string;
  id: number;
  protoName?: string;
  rule?: "repeated";
  keyType?: string;
  options?: Record<string, boolean>;
}
interface Method {
  requestType: string;
  responseType: string;
  requestStream?: boolean;
  responseStream?: boolean;
}
interface Declaration {
  fields?: Record<string, Field>;
  values?: Record<string, number>;
  methods?: Record<string, Method>;
  nested?: Record<string, Declaration>;
}

const source = argv[2] ?? "../shared/cri-api/cri-v1.descriptor.json";
const descriptor = JSON.parse(readFileSync(source, "utf8"));
const declarations: Record<string, Declaration> = descriptor.nested.runtime.nested.v1.nested;

const scalars: Record<string, string> = {
  string: "string",
  bool: "boolean",
  bytes: "Buffer",
  double: "number",
  int32: "number",
  uint32: "number",
  int64: "Int64",
  uint64: "Int64",
};

const enumNames = new Set<string>();
for (const [name, declaration] of Object.entries(declarations)) {
  if (declaration.values) enumNames.add(name);
  for (const [inner, nested] of Object.entries(declaration.nested ?? {})) {
    if (nested.values) enumNames.add(inner);
  }
}

function protoField(name: string, field: Field): string {
  const type = field.keyType ? `map<${field.keyType}, ${field.type}>` : field.type;
  const options = Object.entries(field.options ?? {}).map(([key, value]) => `${key} = ${value}`);
  const suffix = options.length > 0 ? ` [${options.join(", ")}]` : "";
  return `${field.rule ? `${field.rule} ` : ""}${type} ${field.protoName ?? name} = ${field.id}${suffix};`;
}

function protoDeclaration(name: string, declaration: Declaration, indent = ""): string {
  const lines: string[] = [];
  if (declaration.values) {
    lines.push(`${indent}enum ${name} {`);
    for (const [value, id] of Object.entries(declaration.values)) lines.push(`${indent}  ${value} = ${id};`);
  } else if (declaration.methods) {
    lines.push(`${indent}service ${name} {`);
    for (const [method, { requestType, responseType, requestStream, responseStream }] of Object.entries(
      declaration.methods,
    )) {
      const request = `${requestStream ? "stream " : ""}${requestType}`;
      const response = `${responseStream ? "stream " : ""}${responseType}`;
      lines.push(`${indent}  rpc ${method}(${request}) returns (${response}) {}`);
    }
  } else {
    lines.push(`${indent}message ${name} {`);
    for (const [inner, nested] of Object.entries(declaration.nested ?? {})) {
      lines.push(protoDeclaration(inner, nested, `${indent}  `));
    }
    for (const [field, spec] of Object.entries(declaration.fields ?? {})) {
      lines.push(`${indent}  ${protoField(field, spec)}`);
    }
  }
  lines.push(`${indent}}`);
  return lines.join("\n");
}

function typeOf(field: Field): string {
  const local = field.type.split(".").at(-1) as string;
  const scalar = scalars[field.type];
  if (field.keyType) return `Record<string, ${scalar ?? local}>`;
  if (field.rule === "repeated") return `${scalar ?? local}[]`;
  return scalar ?? (enumNames.has(local) ? local : `${local} | null`);
}

function tsDeclaration(name: string, declaration: Declaration): string[] {
  const lines: string[] = [];
  for (const [inner, nested] of Object.entries(declaration.nested ?? {})) {
    lines.push(...tsDeclaration(inner, nested));
  }
  if (declaration.values) {
    const values = Object.keys(declaration.values).map((value) => `  | "${value}"`);
    lines.push(`export type ${name} =\n${values.join("\n")};`, "");
  } else if (declaration.methods) {
    lines.push(`export interface ${name}Methods {`);
    for (const [method, { requestType, responseType, responseStream }] of Object.entries(
      declaration.methods,
    )) {
      const stream = responseStream ? "; stream: true" : "";
      lines.push(`  ${method}: { request: ${requestType}; response: ${responseType}${stream} };`);
    }
    lines.push("}", "");
  } else if (Object.keys(declaration.fields ?? {}).length === 0) {
    lines.push(`export type ${name} = Record<string, never>;`, "");
  } else {
    lines.push(`export interface ${name} {`);
    for (const [field, spec] of Object.entries(declaration.fields ?? {})) {
      if (spec.options?.deprecated) lines.push("  /** @deprecated */");
      lines.push(`  ${field}: ${typeOf(spec)};`);
    }
    lines.push("}", "");
  }
  return lines;
}

const proto = [
  "// Written by scripts/generate-cri.ts from the descriptor of the Container Runtime Interface.",
  'syntax = "proto3";',
  "",
  "package runtime.v1;",
  "",
  'option go_package = "k8s.io/cri-api/pkg/apis/runtime/v1";',
];
if (/"debug_redact"/.test(JSON.stringify(declarations))) {
  proto.push("", "// debug_redact marks the fields that must never be logged.");
}
for (const [name, declaration] of Object.entries(declarations)) {
  proto.push("", protoDeclaration(name, declaration));
}
writeFileSync("proto/cri-api/runtime/v1/api.proto", `${proto.join("\n")}\n`);

const messages = [
  "// Written by scripts/generate-cri.ts from the descriptor of the Container Runtime Interface. Do not edit.",
  "",
  "/** A 64-bit integer. Decoded it is a number; to encode one beyond 2^53 (a time in ns) give a decimal string. */",
  "export type Int64 = number | string;",
  "",
];
for (const [name, declaration] of Object.entries(declarations))
  messages.push(...tsDeclaration(name, declaration));
writeFileSync("src/cri/messages.ts", `${messages.join("\n").trimEnd()}\n`);
