// Prints what npm's dotenv reads of each file in a folder, as JSON: {FILE: {NAME: VALUE}}, with null for a file that it refuses.
const { readFileSync, readdirSync } = require('fs')
const dotenv = require('dotenv')

const all = {}
for (const file of readdirSync(process.argv[2])) {
  try { all[file] = dotenv.parse(readFileSync(`${process.argv[2]}/${file}`)) } catch { all[file] = null }
}
process.stdout.write(JSON.stringify(all))
