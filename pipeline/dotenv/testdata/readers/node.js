// Prints what Node.js itself reads of each file in a folder, as JSON: {FILE: {NAME: VALUE}}, with null for a file that it refuses.
const { readFileSync, readdirSync } = require('fs')
const { parseEnv, isDeepStrictEqual } = require('util')

// loaded returns the variables that process.loadEnvFile sets.
function loaded(path) {
  for (const name in process.env) delete process.env[name]
  process.loadEnvFile(path)
  return { ...process.env }
}

const all = {}
for (const file of readdirSync(process.argv[2])) {
  const path = `${process.argv[2]}/${file}`
  try { all[file] = { ...parseEnv(readFileSync(path, 'utf8')) } } catch { all[file] = null }
  delete all[file]?.[''] // no environment has a variable without a name
  if (!isDeepStrictEqual(all[file], loaded(path))) throw new Error(`${file}: util.parseEnv and process.loadEnvFile differ`)
}
process.stdout.write(JSON.stringify(all))
