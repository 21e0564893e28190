// A node is cordoned, drained and opened again by keyboard and pointer; before each step the page says what it would move.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run nodes
// The fleet has one node, `this-machine`, on which the deployment `ward` runs: there is nowhere else to go.
import { api, OUT, stage, until } from './stage.mjs';

const { address, faults, person, task, end } = await stage('nodes');
const page = await person();
const SIZES = [{ width: 1440, height: 900 }, { width: 390, height: 844 }];

const node = async () => (await api('GET', '/api/v1/nodes')).nodes.find(({ name }) => name === 'this-machine');

async function expectNode(when, wanted) {
  await until(`${when}: ${JSON.stringify(wanted)}`, async () => {
    const found = await node();
    return Object.entries(wanted).every(([field, value]) => found[field] === value);
  });
}

async function pictures(name) {
  for (const viewport of SIZES) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${OUT}/nodes-${name}-${colorScheme}-${viewport.width}.png` });
    }
  }
  await page.setViewportSize(SIZES[0]);
}

const dialog = () => page.getByRole('dialog');
const press = (name) => dialog().getByRole('button', { name, exact: true }).click();
const closed = () => dialog().waitFor({ state: 'detached' });

await task('cordon: what runs stays, by keyboard alone', async () => {
  await page.goto(`${address}/nodes/this-machine`);
  const cordon = page.getByRole('button', { name: 'Cordon' });
  await cordon.focus();
  await page.keyboard.press('Enter');
  await dialog().getByText('stays, and goes on serving.').first().waitFor();
  const go = dialog().getByRole('button', { name: 'Cordon', exact: true });
  while (!(await go.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await closed();
  await expectNode('after cordoning', { scheduling: 'cordoned' });
  await page.goto(`${address}/`);
  await page.getByText('this-machine is cordoned').waitFor();
});

await task('drain: the page says that no other node can take it, and asking changes nothing', async () => {
  await page.goto(`${address}/nodes/this-machine`);
  await page.getByRole('button', { name: 'Drain' }).click();
  await dialog().getByText('because no other node can take it. There is no other node.').first().waitFor();
  await pictures('drain');
  await dialog().getByText('Also end what no other node can take').click();
  await dialog().getByText('ends, and nothing takes its place').first().waitFor();
  await pictures('drain-by-force');
  await dialog().getByText('Also end what no other node can take').click();
  await expectNode('before it is pressed', { scheduling: 'cordoned' });
});

await task('a drain that cannot end is told on the node and on the fleet', async () => {
  await press('Drain');
  await closed();
  await expectNode('after draining', { scheduling: 'draining' });
  await page.getByText('no other node and').first().waitFor();
  await pictures('held');
  await page.goto(`${address}/`);
  await page.getByText('The drain of this-machine cannot end').waitFor();
  const { ready_replicas: ready } = await api('GET', '/api/v1/deployments/ward');
  if (ready < 1) faults.push('ward lost its replica, although nobody forced the drain');
});

await task('open again', async () => {
  await page.goto(`${address}/nodes/this-machine`);
  await page.getByRole('button', { name: 'Open again' }).click();
  await dialog().getByText('It takes replicas from now on').waitFor();
  await press('Open again');
  await closed();
  await expectNode('after opening', { scheduling: 'open' });
});

await end();
