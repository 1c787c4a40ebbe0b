// jsforce, in an org with rules, rights, files and searches of its own, which tells others of its changes.
'use strict'
const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { beforeEach, test } = require('node:test')
const { jsforce, BASE, ANNA, BEN, APP, KEY, NOBODY, conn, connection, simulator, asked, refuses, contacts } = require('./simulator.cjs')

// The private key of the simulated connected app, which nothing else knows.
const DEMO_KEY = path.resolve(__dirname, '../../../simulators/salesforce/demo/private-key.pem')
const ALLOW = { headers: { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } }
const CONVERTED = 'Closed - Converted'

beforeEach(() => simulator('POST', 'world/reset', {}))

async function only(soql) {
  const { records } = await conn.query(soql)
  assert.equal(records.length, 1, soql)
  return records[0]
}

const advance = span => simulator('POST', 'clock', { advance: span })

// What is posted to the address, one after the other.
async function receiver(context) {
  const [came, waiting] = [[], []]
  const server = http.createServer(async (request, answer) => {
    const parts = []
    for await (const part of request) parts.push(part)
    answer.end()
    const body = Buffer.concat(parts).toString()
    waiting.length ? waiting.shift()(body) : came.push(body)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  context.after(() => server.closeAllConnections() ?? server.close())
  const next = () => came.length ? Promise.resolve(came.shift()) : new Promise(resolve => waiting.push(resolve))
  return { url: `http://127.0.0.1:${server.address().port}/hook`, next }
}

function assertion(claims) {
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = `${part({ alg: 'RS256' })}.${part(claims)}`
  return `${unsigned}.${crypto.sign('sha256', unsigned, fs.readFileSync(DEMO_KEY)).toString('base64url')}`
}

test('signing in with an assertion that the app has signed', async () => {
  const { now } = await simulator('GET', 'clock')
  const claims = { iss: APP.clientId, sub: BEN, aud: 'https://login.salesforce.com', exp: Math.floor(new Date(now) / 1000) + 120 }
  const signIn = more => {
    const own = new jsforce.Connection({ oauth2: { loginUrl: BASE }, version: '59.0' })
    const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    return own.authorize({ grant_type, assertion: assertion({ ...claims, ...more }) }).then(() => own)
  }
  const own = await signIn({})
  assert.equal((await own.identity()).username, BEN)
  assert.equal(own.refreshToken, undefined)
  for (const more of [{ sub: 'nobody@northwind.example' }, { exp: claims.exp - 3600 }, { aud: 'https://elsewhere.example' }]) {
    await assert.rejects(signIn(more), error => error.name === 'invalid_grant', JSON.stringify(more))
  }
})

test('a lead is converted, and left alone from then on', async () => {
  const lead = conn.sobject('Lead')
  const [first, second] = (await lead.create([{ LastName: 'Lund', Company: 'Lund AS' }, { LastName: 'Moe', Company: 'Moe AS' }])).map(each => each.id)
  const done = await conn.soap.convertLead({ leadId: first, convertedStatus: CONVERTED, opportunityName: 'First deal' })
  assert.deepEqual([done.success, done.leadId, done.errors], [true, first, []])
  assert.equal((await conn.sobject('Contact').retrieve(done.contactId)).AccountId, done.accountId)
  assert.equal((await conn.sobject('Opportunity').retrieve(done.opportunityId)).Name, 'First deal')
  const row = await lead.retrieve(first)
  assert.deepEqual([row.IsConverted, row.ConvertedContactId], [true, done.contactId])
  await refuses('CANNOT_UPDATE_CONVERTED_LEAD', lead.update({ Id: first, Title: 'x' }))
  const [twice, into] = await conn.soap.convertLead([
    { leadId: first, convertedStatus: CONVERTED },
    { leadId: second, convertedStatus: CONVERTED, accountId: done.accountId, doNotCreateOpportunity: true }
  ])
  assert.deepEqual([twice.success, twice.accountId, twice.errors[0].statusCode], [false, null, 'CANNOT_UPDATE_CONVERTED_LEAD'])
  assert.deepEqual([into.success, into.accountId, into.opportunityId], [true, done.accountId, null])
})

test('rows are merged, taken out of the bin, and thrown out of it', async () => {
  const [kept, gone] = await contacts('Double', 2)
  const { id: task } = await conn.sobject('Task').create({ Subject: 'Call', WhoId: gone })
  const merged = await conn.soap.merge({ masterRecord: { type: 'Contact', Id: kept, Department: 'Sales' }, recordToMergeIds: [gone] })
  assert.deepEqual(merged, { errors: [], id: kept, mergedRecordIds: [gone], success: true, updatedRelatedIds: [task] })
  assert.equal((await conn.sobject('Contact').retrieve(kept)).Department, 'Sales')
  const [loser] = (await conn.query(`SELECT MasterRecordId FROM Contact WHERE Id = '${gone}'`, { scanAll: true })).records
  assert.equal(loser.MasterRecordId, kept)

  await conn.sobject('Task').destroy(task)
  const [back] = await conn.soap.undelete([task])
  assert.deepEqual([back.success, back.id], [true, task])
  assert.equal((await conn.sobject('Task').retrieve(task)).WhoId, kept)
  await conn.sobject('Task').destroy(task)
  assert.equal((await conn.soap.emptyRecycleBin([task]))[0].success, true)
  const [none] = await conn.soap.undelete([task])
  assert.deepEqual([none.success, none.errors.length], [false, 1])
})

test('what is written is found after a while', async () => {
  await simulator('POST', 'search', { lag_seconds: 30 })
  const { id } = await conn.sobject('Contact').create({ LastName: 'Quick', Email: 'q@quicksilver.example' })
  const sosl = 'FIND {q@quicksilver.example} IN EMAIL FIELDS RETURNING Contact(Id, LastName)'
  assert.deepEqual((await conn.search(sosl)).searchRecords, [])
  await advance('PT31S')
  const { searchRecords: [found] } = await conn.search(sosl)
  assert.deepEqual([found.Id, found.LastName, found.attributes.type], [id, 'Quick', 'Contact'])
  const posted = await conn.requestPost('/parameterizedSearch', { q: 'Quick', sobjects: [{ name: 'Contact', fields: ['Id'] }] })
  assert.equal(posted.searchRecords[0].Id, id)
  await refuses('MALFORMED_SEARCH', conn.search('FIND {q'))
})

test('a file is uploaded, linked and read', async () => {
  const { id: contact } = await conn.sobject('Contact').create({ LastName: 'Filed' })
  const content = Buffer.from(Array.from({ length: 1024 }, (_, number) => number % 256))
  const { id } = await conn.sobject('ContentVersion').create({
    Title: 'Offer', PathOnClient: 'Offer.pdf', VersionData: content.toString('base64'), FirstPublishLocationId: contact
  })
  const parts = []
  for await (const part of conn.sobject('ContentVersion').record(id).blob('VersionData')) parts.push(part)
  assert.deepEqual(Buffer.concat(parts), content)
  const version = await conn.sobject('ContentVersion').retrieve(id)
  assert.deepEqual([version.ContentSize, version.FileExtension, version.IsLatest], [1024, 'pdf', true])
  const links = await conn.sobject('ContentDocumentLink').find({ LinkedEntityId: contact }, 'ContentDocumentId, ContentDocument.Title')
  assert.deepEqual(links.map(each => [each.ContentDocumentId, each.ContentDocument.Title]), [[version.ContentDocumentId, 'Offer']])
  await refuses('MALFORMED_QUERY', conn.query('SELECT Id FROM ContentDocumentLink'))
})

test('a warning of duplicates is overridden and a block is not', async () => {
  const twin = { LastName: 'Twin', Email: 'mia.larsen@fabrikam.example' }
  const contact = conn.sobject('Contact')
  for (const [action, allowSave] of [['alert', true], ['block', false]]) {
    await simulator('POST', 'duplicate-rules', { object: 'Contact', action })
    await refuses('DUPLICATES_DETECTED', contact.create(twin), error => {
      const { duplicateResut } = error.data[0] ?? error.data
      assert.deepEqual([duplicateResut.allowSave, duplicateResut.matchResults[0].matchRecords.length], [allowSave, 1])
    })
    if (allowSave) {
      assert.equal((await contact.destroy((await contact.create(twin, ALLOW)).id)).success, true)
      const [made] = await contact.create([twin], ALLOW)
      assert.equal((await contact.destroy(made.id)).success, true)
    } else {
      await refuses('DUPLICATES_DETECTED', contact.create(twin, ALLOW))
    }
    const [refused] = await contact.create([twin])
    assert.deepEqual([refused.success, refused.errors[0].statusCode], [false, 'DUPLICATES_DETECTED'])
  }
})

test('leads are assigned unless the client says not to', async () => {
  const entries = [{ condition: '', owner: BEN }]
  await simulator('POST', 'assignment-rules', { name: 'Standard', object: 'Lead', active: true, entries })
  const lead = { LastName: 'x', Company: 'y' }
  for (const [value, owner] of [['TRUE', BEN], ['FALSE', ANNA]]) {
    const { id } = await conn.sobject('Lead').create(lead, { headers: { 'Sforce-Auto-Assign': value } })
    assert.equal((await only(`SELECT Owner.Username FROM Lead WHERE Id = '${id}'`)).Owner.Username, owner)
  }
})

test('others see less where nothing is shared, and no field that is hidden from them', async () => {
  const ben = connection({ accessToken: `sim-${BEN}` })
  const [id] = await contacts('Shy', 1, { Title: 'CTO' })
  await simulator('POST', 'fields', { whom: BEN, field: 'Contact.Title', access: 'hidden' })
  assert.ok(!(await ben.describe('Contact')).fields.some(field => field.name === 'Title'))
  assert.ok(!('Title' in await ben.sobject('Contact').findOne({ Id: id }, '*')))
  await refuses('INVALID_FIELD', ben.sobject('Contact').update({ Id: id, Title: 'x' }))
  await simulator('POST', 'sharing', { default: 'private' })
  await refuses('NOT_FOUND', ben.sobject('Contact').retrieve(id))
  assert.equal(await ben.sobject('Contact').count({ LastName: 'Shy' }), 0)
  assert.equal(await conn.sobject('Contact').count({ LastName: 'Shy' }), 1)
})

test('an invited user has an event of his own', async () => {
  const [event] = await conn.sobject('Event').create([{ Subject: 'Review', StartDateTime: '2031-05-06T09:00:00Z', DurationInMinutes: 30 }])
  const { Id: ben } = await only(`SELECT Id FROM User WHERE Username = '${BEN}'`)
  await conn.sobject('EventRelation').create({ EventId: event.id, RelationId: ben })
  const child = await only('SELECT OwnerId, Subject FROM Event WHERE IsChild = true')
  assert.deepEqual([child.OwnerId, child.Subject], [ben, 'Review'])
})

test('rows are grouped and summed', async () => {
  const opportunity = (Name, Amount) => ({ Name, Amount, StageName: 'Prospecting', CloseDate: '2031-06-01' })
  await conn.sobject('Opportunity').create([opportunity('a', 10), opportunity('a', 20), opportunity('b', 5)])
  const { records } = await conn.query('SELECT Name, SUM(Amount) total FROM Opportunity GROUP BY Name ORDER BY Name')
  assert.deepEqual(records.map(each => [each.attributes.type, each.Name, each.total]), [['AggregateResult', 'a', 30], ['AggregateResult', 'b', 5]])
})

test('each refusal of a row carries its code', async () => {
  const [contact, task] = [conn.sobject('Contact'), conn.sobject('Task')]
  const { Id: anna } = await only(`SELECT Id FROM User WHERE Username = '${ANNA}'`)
  const [taken, held, gone] = await contacts('Refused', 3)
  await contact.update({ Id: taken, [KEY]: 'taken' })
  await contact.destroy(gone)
  await simulator('POST', 'validation-rules', { name: 'Rule', object: 'Contact', condition: "Department = 'None'", message: 'Which one?' })
  await simulator('POST', 'locks', { id: held, times: 1 })
  const make = more => () => contact.create({ LastName: 'x', ...more })
  for (const [code, act] of [
    ['REQUIRED_FIELD_MISSING', make({ LastName: undefined })],
    ['STRING_TOO_LONG', make({ FirstName: 'x'.repeat(41) })],
    ['INVALID_FIELD', make({ Nope__c: 'x' })],
    ['INVALID_FIELD_FOR_INSERT_UPDATE', make({ Name: 'x' })],
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', make({ Department: 'None' })],
    ['INVALID_EMAIL_ADDRESS', make({ Email: 'foo' })],
    ['INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', () => task.create({ TaskSubtype: 'Letter' })],
    ['MALFORMED_ID', make({ AccountId: 'bogus' })],
    ['MALFORMED_ID', make({ AccountId: anna })],
    ['INVALID_CROSS_REFERENCE_KEY', make({ AccountId: '001000000000000AAA' })],
    ['DUPLICATE_VALUE', make({ [KEY]: 'TAKEN' })],
    ['JSON_PARSER_ERROR', make({ DoNotCall: 'perhaps' })],
    ['UNABLE_TO_LOCK_ROW', () => contact.update({ Id: held, Title: 'x' })],
    ['NOT_FOUND', () => contact.retrieve(NOBODY)],
    ['NOT_FOUND', () => contact.upsert({ LastName: 'x', Nope__c: 'y' }, 'Nope__c')],
    ['ENTITY_IS_DELETED', () => contact.update({ Id: gone, Title: 'x' })],
    ['METHOD_NOT_ALLOWED', () => conn.request({ method: 'PUT', url: `/sobjects/Contact/${held}`, body: '{}' })],
    ['UNSUPPORTED_MEDIA_TYPE', () => conn.request({ method: 'POST', url: '/sobjects/Contact', body: 'a', headers: { 'content-type': 'text/csv' } })]
  ]) await refuses(code, act())
})

test('a client that may not go on is told why', async () => {
  const writes = async code => {
    await refuses(code, conn.sobject('Contact').create({ LastName: 'x' }))
    await refuses(code, conn.limits())
  }
  const before = await asked('POST', '/sobjects/Contact')
  await simulator('POST', 'limits', { daily: 5, used: 5 })
  await writes('REQUEST_LIMIT_EXCEEDED')
  await simulator('DELETE', 'limits')
  await simulator('POST', 'api', { enabled: false })
  await writes('API_DISABLED_FOR_ORG')
  await simulator('POST', 'api', { enabled: true })
  const post = (status, code) => simulator('POST', 'faults', { method: 'POST', path: '/sobjects/Contact', kind: 'fail', status, times: 1 })
    .then(() => refuses(code, conn.sobject('Contact').create({ LastName: 'x' })))
  await post(500, 'UNKNOWN_EXCEPTION')
  await post(503, 'SERVER_UNAVAILABLE')
  await simulator('POST', 'unavailable', { times: 1, html: true })
  await refuses('ERROR_HTTP_503', conn.sobject('Contact').create({ LastName: 'x' }))
  assert.equal(await asked('POST', '/sobjects/Contact'), before + 5)
})

test('a row of a long transaction appears behind the others', async () => {
  await simulator('POST', 'commits', { next_seconds: '60 0' })
  const [late] = await contacts('Late', 1)
  await advance('PT2S')
  const [early] = await contacts('Late', 1)
  const seen = async () => (await conn.sobject('Contact').find({ LastName: 'Late' }, 'Id, SystemModstamp').sort('SystemModstamp')).map(each => each.Id)
  assert.deepEqual(await seen(), [early])
  const { now } = await simulator('GET', 'clock')
  const minutes = count => new Date(new Date(now).getTime() + count * 60000)
  const { latestDateCovered } = await conn.sobject('Contact').updated(minutes(-5), minutes(5))
  assert.ok(new Date(latestDateCovered) < new Date(now))
  await advance('PT61S')
  assert.deepEqual(await seen(), [late, early])
})

test('change events are relayed to who listens', async context => {
  const { url, next } = await receiver(context)
  await simulator('POST', 'event-relay', { url })
  const own = connection({ callOptions: { client: 'MySync' } })
  const { id } = await own.sobject('Lead').create({ LastName: 'Told', Company: 'Fabrikam' })
  const event = JSON.parse(await next())
  const { ChangeEventHeader: header, ...fields } = event.detail.payload
  assert.deepEqual([header.changeType, header.recordIds, header.changeOrigin], ['CREATE', [id], 'com/salesforce/api/rest/59.0;client=MySync'])
  assert.equal(fields.Company, 'Fabrikam')
  await simulator('POST', 'event-relay', { state: 'pause' })
  await own.sobject('Lead').destroy(id)
  await simulator('POST', 'event-relay', { state: 'run' })
  assert.equal(JSON.parse(await next()).detail.payload.ChangeEventHeader.changeType, 'DELETE')
})
