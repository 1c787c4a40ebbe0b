// Where the simulator is, how the client reaches it, how its own switches are worked, and what checks share.
'use strict'
const assert = require('node:assert/strict')
const { createRequire } = require('node:module')

// The client is installed outside of the repository.
const jsforce = createRequire(`${process.env.CLIENT_MODULES}/`)('jsforce')

const BASE = process.env.SALESFORCE_URL
const ANNA = 'anna.berg@northwind.example'
const BEN = 'ben.carter@northwind.example'
const PASSWORD = 'syncline-password'
const APP = { loginUrl: BASE, clientId: 'syncline-client', clientSecret: 'syncline-secret', redirectUri: 'https://app.example/callback' }
const KEY = 'Syncline_Key__c'
const MAILBOX_ID = 'Syncline_Mailbox_Id__c'
const NOBODY = '003000000000000AAA'

function connection(more = {}) {
  return new jsforce.Connection({ instanceUrl: BASE, loginUrl: BASE, accessToken: `sim-${ANNA}`, version: '59.0', ...more })
}

const conn = connection()

async function simulator(method, name, body) {
  const answer = await fetch(`${BASE}/_sim/${name}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body)
  })
  const text = await answer.text()
  assert.ok(answer.ok, text)
  return text ? JSON.parse(text) : undefined
}

// How often the path was asked for.
async function asked(method, end) {
  const { entries } = await simulator('GET', 'journal')
  return entries.filter(entry => entry.method === method && entry.path.endsWith(end)).length
}

function refuses(errorCode, promise, more = () => true) {
  return assert.rejects(Promise.resolve(promise), error => {
    assert.equal(error.errorCode, errorCode, error.message)
    more(error)
    return true
  })
}

async function contacts(lastName, count, more = {}) {
  const records = Array.from({ length: count }, (_, number) => ({ LastName: lastName, FirstName: String(number).padStart(4, '0'), ...more }))
  const made = await conn.sobject('Contact').create(records, { allowRecursive: true, allOrNone: true })
  assert.ok(made.every(each => each.success), JSON.stringify(made))
  return made.map(each => each.id)
}

module.exports = { jsforce, BASE, ANNA, BEN, PASSWORD, APP, KEY, MAILBOX_ID, NOBODY, conn, connection, simulator, asked, refuses, contacts }
