import { render } from 'preact';
import { Console } from './live/console.js';
import { ConsoleContext } from './views/context.js';
import { Frame } from './views/frame.js';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/controls.css';
import './style/frame.css';
import './style/tables.css';
import './style/records.css';

const place = document.getElementById('console');
if (place === null) throw new Error('the page has no place for the console');

const shared = new Console();
shared.start();
render(
  <ConsoleContext.Provider value={shared}>
    <Frame />
  </ConsoleContext.Provider>,
  place,
);
