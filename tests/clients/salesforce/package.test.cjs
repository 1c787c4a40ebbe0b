// @salesforce/source-deploy-retrieve, which is what `sf project deploy start` deploys with: it must know every
// component of the package, and make of the folders what the org is sent.
'use strict'
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { createRequire } = require('node:module')

// The clients are installed outside of the repository.
const installed = createRequire(`${process.env.CLIENT_MODULES}/`)
const { ComponentSet, MetadataConverter, ZipTreeContainer } = installed('@salesforce/source-deploy-retrieve')

const PACKAGE = path.resolve(__dirname, '../../../infra/salesforce')
// What is replaced on the way to the org is found in the project one is in.
process.chdir(PACKAGE)
process.env.SYNCLINE_RELAY_REGION = 'EU-CENTRAL-1'
process.env.SYNCLINE_RELAY_ACCOUNT = '123456789012'

function components(folder) {
  const set = ComponentSet.fromSource(path.join(PACKAGE, folder))
  set.projectDirectory = PACKAGE
  set.sourceApiVersion = '59.0'
  return set
}

function names(set) {
  const found = {}
  for (const each of set.getSourceComponents()) (found[each.type.name] ??= []).push(each.fullName)
  for (const list of Object.values(found)) list.sort()
  return found
}

async function sent(set) {
  const { zipBuffer } = await new MetadataConverter().convert(set, 'metadata', { type: 'zip' })
  return ZipTreeContainer.create(zipBuffer)
}

test('every file is a component that the org knows', () => {
  const files = fs.readdirSync(PACKAGE, { recursive: true }).filter(name => name.endsWith('-meta.xml'))
  const folders = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'sfdx-project.json'), 'utf8')).packageDirectories
  const found = folders.flatMap(folder => components(folder.path).getSourceComponents().toArray())
  assert.deepEqual(found.map(each => path.relative(PACKAGE, each.xml)).sort(), files.sort())
})

test('the default folder brings fields, permissions and change events', () => {
  assert.deepEqual(names(components('force-app')), {
    CustomField: [
      'Account.Syncline_Key__c',
      'Account.Syncline_Synced__c',
      'Activity.Syncline_Key__c',
      'Activity.Syncline_Synced__c',
      'Contact.Syncline_Key__c',
      'Contact.Syncline_Mailbox_Id__c',
      'Contact.Syncline_Synced__c',
      'EmailMessage.Syncline_Key__c',
      'EmailMessage.Syncline_Synced__c',
      'Lead.Syncline_Key__c',
      'Lead.Syncline_Synced__c'
    ],
    PermissionSet: ['Syncline'],
    PlatformEventChannel: ['Syncline__chn'],
    PlatformEventChannelMember: ['Contact', 'Event', 'EventRelation', 'Lead', 'Task'].map(name => `Syncline_chn_${name}ChangeEvent`)
  })
})

test('the org is sent one file of fields for each object', async () => {
  const tree = await sent(components('force-app'))
  assert.deepEqual(tree.readDirectory('objects').sort(), ['Account', 'Activity', 'Contact', 'EmailMessage', 'Lead'].map(name => `${name}.object`))
  const contact = (await tree.readFile('objects/Contact.object')).toString()
  for (const field of ['Syncline_Key__c', 'Syncline_Mailbox_Id__c', 'Syncline_Synced__c']) {
    assert.ok(contact.includes(`<fullName>${field}</fullName>`), field)
  }
  const manifest = (await tree.readFile('package.xml')).toString()
  assert.ok(manifest.includes('<members>Syncline_chn_EventRelationChangeEvent</members>'))
  assert.ok(manifest.includes('<version>59.0</version>'))
})

test('the relay goes to the account that the deployer names', async () => {
  const relay = components('event-relay')
  assert.deepEqual(names(relay), { EventRelayConfig: ['Syncline'], NamedCredential: ['Syncline_AWS'] })
  const read = async set => (await (await sent(set)).readFile('namedCredentials/Syncline_AWS.namedCredential')).toString()
  assert.ok((await read(relay)).includes('<endpoint>arn:aws:EU-CENTRAL-1:123456789012</endpoint>'))
  delete process.env.SYNCLINE_RELAY_ACCOUNT
  await assert.rejects(read(components('event-relay')), /SYNCLINE_RELAY_ACCOUNT/)
})
