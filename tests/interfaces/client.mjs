// An EPCIS client that others wrote, unchanged, against our capture and query interfaces.
//
//   node client.mjs CAPTURE_URL CAPTURE_TOKEN QUERY_URL QUERY_TOKEN SERIAL
//
// It captures a document with one event of the item SERIAL, follows the capture job to its end, captures documents with and
// without an event that is refused (`proceed`), lists its jobs, queries the event back and compares it with what it sent. One JSON object on standard output says what it saw; a difference ends it with
// status 1. The URLs end where the paths of the REST binding begin; a token is sent as `Authorization: Bearer`.
//
// The client has no function for queries: the answer to a plain GET is read with its own classes of events.

import assert from 'node:assert/strict';
import epcis from 'epcis2.js';

const { CaptureResponse, EPCISDocument, ObjectEvent, capture, objectToEvent, setup } = epcis;

const [captureUrl, captureToken, queryUrl, queryToken, serial] = process.argv.slice(2);
if (!serial) {
  console.error('usage: node client.mjs CAPTURE_URL CAPTURE_TOKEN QUERY_URL QUERY_TOKEN SERIAL');
  process.exit(2);
}

const item = `https://id.gs1.org/01/09521141123454/21/${serial}`;
const time = new Date().toISOString();
const event = new ObjectEvent()
  .setEventTime(time)
  .setEventTimeZoneOffset('+00:00')
  .setAction('OBSERVE')
  .addEPC(item)
  .setBizStep('storing')
  .setDisposition('in_progress');
const sent = new EPCISDocument().addEvent(event).setCreationDate(time);

setup({
  apiUrl: captureUrl,
  timeout: 20_000,
  headers: { 'content-type': 'application/json', authorization: `Bearer ${captureToken}` },
});
const answer = await capture(sent);
assert.equal(answer.status, 202, `POST /capture: got ${answer.status}: ${await answer.clone().text()}`);
const job = new CaptureResponse(answer);
await job.pollForTheCaptureToFinish(20, 250);
assert.equal(job.getRunningStatus(), false, 'the capture job is still running');
assert.equal(job.getSuccessStatus(), true, `the capture job failed: ${JSON.stringify(job.getErrors())}`);

// The behaviour that it asks for is the one that the answer and the job name.
const proceed = { headers: { 'GS1-Capture-Error-Behaviour': 'proceed' } };
const other = (serial, step) =>
  new EPCISDocument().setCreationDate(time).addEvent(
    new ObjectEvent().setEventTime(time).setEventTimeZoneOffset('+00:00').setAction('OBSERVE')
      .addEPC(`https://id.gs1.org/01/09521141123454/21/${serial}`).setBizStep(step),
  );
const both = other(`${serial}a`, 'packing').addEvent(other(`${serial}b`, 'nothing known').eventList[0]);
const partly = await capture(both, { ...proceed, documentValidation: false });
assert.equal(partly.status, 202, `proceed: got ${partly.status}: ${await partly.clone().text()}`);
assert.equal(partly.headers.get('GS1-Capture-Error-Behaviour'), 'proceed');
const partlyJob = await new CaptureResponse(partly).getCaptureJob();
assert.deepEqual([partlyJob.captureErrorBehaviour, partlyJob.success, partlyJob.errors.length], ['proceed', false, 1]);
const refused = await capture(other(`${serial}c`, 'nothing known'), { documentValidation: false });
assert.equal(refused.status, 422, 'a document of which nothing can be recorded');
assert.equal((await refused.json()).type, 'epcisException:ValidationException');
const whole = await capture(other(`${serial}d`, 'packing'), { headers: { 'GS1-Capture-Error-Behaviour': 'rollback' } });
assert.equal((await new CaptureResponse(whole).getCaptureJob()).captureErrorBehaviour, 'rollback');

// The client has no function for the list: it is read page by page, and its jobs are those that the client was given.
const jobs = [];
for (let place = `${captureUrl}/capture?perPage=2`; place; ) {
  const response = await fetch(place, { headers: { authorization: `Bearer ${captureToken}` } });
  assert.equal(response.status, 200, 'GET /capture');
  jobs.push(...(await response.json()));
  const link = /<([^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '');
  place = link && new URL(link[1], `${captureUrl}/`).href;
}
const ids = jobs.map((one) => `/capture/${one.captureID}`);
assert.equal(new Set(ids).size, ids.length, 'a job is listed once');
for (const one of [answer, partly, whole]) assert.ok(ids.includes(new CaptureResponse(one).getLocation()));

// The projection that queries run on is filled after the capture was answered: ask until the event is there.
const address = `${queryUrl}/events?MATCH_epc=${encodeURIComponent(item)}`;
const headers = { accept: 'application/json', authorization: `Bearer ${queryToken}` };
const deadline = Date.now() + 20_000;
let found = [];
while (found.length === 0) {
  const response = await fetch(address, { headers });
  const text = await response.text();
  assert.equal(response.status, 200, `GET /events: got ${response.status}: ${text}`);
  const document = JSON.parse(text);
  assert.equal(document.type, 'EPCISQueryDocument');
  found = document.epcisBody.queryResults.resultsBody.eventList;
  assert.ok(found.length > 0 || Date.now() < deadline, 'the event is not found 20 s after its capture');
  if (found.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
}
assert.equal(found.length, 1, `got ${found.length} events of ${item}, expected 1`);
const back = objectToEvent(found[0]).toObject();
for (const [name, value] of Object.entries(event.toObject())) {
  assert.deepEqual(back[name], value, `member ${name} of the event`);
}
console.log(JSON.stringify({ captured: job.getLocation(), events: found.length, jobs: jobs.length }));
