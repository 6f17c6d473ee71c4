// Decides accesses with @cloud-copilot/iam-simulate:
//
//	node simulate.mjs FOLDER < CASES
//
// FOLDER is that of .ci/install-policy-tools. CASES is a JSON object: "identity" and "resource" are lists of policies, and "cases" is a
// list of accesses that name policies by their place in the lists. It prints a JSON object: "verdicts", one for each case, and "ignored",
// the condition keys that the simulator did not take into account.
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

const require = createRequire(process.argv[2] + '/node/')
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } = require('@cloud-copilot/iam-policy')

// The simulator drops condition keys that it does not know from requests. Tags of the principal can have any name.
const input = JSON.parse((await text(process.stdin)).replace(/kms:EncryptionContext:|kms:(?=PolicyName)/g, 'aws:PrincipalTag/'))
const identity = (input.identity ?? []).map((policy) => createValidatedPolicy(policy, validateIdentityPolicy))
const resource = (input.resource ?? []).map((policy) => createValidatedPolicy(policy, validateResourcePolicy))
const ignored = new Set()

async function decide(one, arn) {
  const answer = await runSimulation({
    request: {
      principal: one.principal,
      action: one.action,
      resource: { resource: arn, accountId: one.account },
      contextVariables: one.keys ?? {},
    },
    identityPolicies: one.identity.map((i) => ({ name: 'policy ' + i, policy: identity[i] })),
    resourcePolicy: one.resource === null ? undefined : resource[one.resource],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }, {})
  if (answer.errors?.message === 'must.use.wildcard') return decide(one, '*')
  if (answer.resultType === 'error') return 'error: ' + JSON.stringify(answer.errors)
  for (const key of answer.result?.ignoredContextKeys ?? []) ignored.add(key)
  return answer.overallResult
}

const verdicts = []
for (const one of input.cases) verdicts.push(await decide(one, one.arn))
console.log(JSON.stringify({ verdicts, ignored: [...ignored].sort() }))
