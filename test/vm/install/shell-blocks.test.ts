import assert from "node:assert/strict";
import { test } from "node:test";
import { shellBlocks } from "./shell-blocks.ts";

const page = `# Install

    npm pack

## Files

\`\`\`sh
cat > file <<'EOF'
# no heading
EOF
\`\`\`

Such a file:

\`\`\`toml
[crio]
\`\`\`

\`\`\`sh
first
second
\`\`\`

## End

\`\`\`sh
third
\`\`\`
`;

test("blocks of shell commands, whole, each below its heading; others are left out", () => {
  assert.deepEqual(shellBlocks(page), [
    { heading: "Files", script: "cat > file <<'EOF'\n# no heading\nEOF" },
    { heading: "Files", script: "first\nsecond" },
    { heading: "End", script: "third" },
  ]);
});
