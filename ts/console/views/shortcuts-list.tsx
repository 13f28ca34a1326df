import { Dialog } from '../parts/dialog.js';
import { shortcuts } from '../shortcuts.js';
import { useConsole } from './context.js';

const keyTexts: Readonly<Record<string, string>> = { ' ': 'Space', ArrowDown: '↓', ArrowUp: '↑' };
const places = { topics: 'in the list of topics', topic: 'in a topic', records: 'in a topic’s records' } as const;

export function Shortcuts() {
  const shared = useConsole();
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => shared.close()}>
      <table aria-label="Keyboard shortcuts">
        <tbody>
          {shortcuts.map(({ keys, does, where }) => (
            <tr key={does}>
              <th scope="row" class="keys">
                {keys.map((key) => (
                  <kbd key={key}>{keyTexts[key] ?? key}</kbd>
                ))}
              </th>
              <td>
                {does}
                {where !== undefined && <small> {places[where]}</small>}
              </td>
            </tr>
          ))}
          <tr>
            <th scope="row" class="keys">
              <kbd>Esc</kbd>
            </th>
            <td>Close what is open</td>
          </tr>
        </tbody>
      </table>
    </Dialog>
  );
}
