// What is looked at: a name for the picture, an address, a text that says it is there, and what is done then.
export const views = [
  { name: 'fleet', path: '/', shows: 'Nodes by jurisdiction' },
  { name: 'nodes', path: '/nodes', shows: 'this-machine' },
  { name: 'node', path: '/nodes/this-machine', shows: 'Inventory' },
  { name: 'node-add', path: '/nodes?add', shows: 'Create token' },
  { name: 'node-token', path: '/nodes?add', shows: 'Create token', then: async (page) => {
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Run this on the new machine').waitFor();
  } },
  { name: 'node-revoke', path: '/nodes/this-machine?revoke', shows: 'to confirm' },
  { name: 'palette', path: '/', shows: 'Nodes by jurisdiction', then: async (page) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('menuitem').first().waitFor();
  } },
  { name: 'shortcuts', path: '/', shows: 'Nodes by jurisdiction', then: async (page) => {
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  } },
];
