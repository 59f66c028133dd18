# node_modules, which brings Node 24 along, and dist. Sourced by scripts/setup.

install_node_modules() {
  if [[ -x node_modules/node/bin/node && ! package-lock.json -nt node_modules/.package-lock.json ]]; then return; fi
  echo "installing node_modules"
  npm ci --loglevel=error
}

build_dist() {
  if [[ -e dist/main.js && -z $(find src proto bin package.json tsconfig*.json -newer dist/main.js -print -quit) ]]; then return; fi
  echo "building dist"
  npm run --silent build
}
