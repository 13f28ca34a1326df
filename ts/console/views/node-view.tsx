import type { ComponentChildren } from 'preact';
import { count, latency, size, sizeRate } from '../format/numbers.js';
import { duration } from '../format/times.js';
import type { NodeFacts } from '../live/node-watch.js';
import { Chart } from '../parts/chart.js';
import { Empty, Loading } from '../parts/empty.js';
import { useConsole } from './context.js';

const throughputLines = [
  { label: 'In', colour: '--accent' },
  { label: 'Out', colour: '--text', isDashed: true },
] as const;
const latencyLines = [
  { label: 'p50', colour: '--accent' },
  { label: 'p99', colour: '--text', isDashed: true },
] as const;

export function NodeView() {
  const { node, theme } = useConsole();
  const facts = node.facts.value;
  return (
    <section aria-labelledby="node-title">
      <div class="bar">
        <h1 id="node-title">Node</h1>
        <Ready />
      </div>
      <Reasons />
      <div class="charts">
        <Chart
          title="Throughput"
          lines={throughputLines}
          history={node.throughput.value}
          format={sizeRate}
          isBinary
          theme={theme.drawn.value}
        />
        <Chart
          title="Produce latency"
          lines={latencyLines}
          history={node.latency.value}
          format={latency}
          theme={theme.drawn.value}
        />
      </div>
      {facts.is === 'loading' && <Loading what="the node" />}
      {facts.is === 'failed' && (
        <Empty title="The node does not answer" isAlert>
          <p>{facts.why}</p>
          <p>It is asked again every second. See whether its process runs, and what its log says.</p>
        </Empty>
      )}
      {facts.is === 'ready' && <Facts facts={facts.value} />}
    </section>
  );
}

function Ready() {
  const readiness = useConsole().node.readiness.value;
  const [text, kind] =
    readiness.is === 'loading'
      ? ['Asking…', 'connecting']
      : readiness.is === 'failed'
        ? ['Unreachable', 'bad']
        : readiness.value.isReady
          ? ['Ready', 'connected']
          : ['Not ready', 'bad'];
  return (
    <span class={`state ${kind}`} role="status" aria-label="Readiness">
      {text}
    </span>
  );
}

function Reasons() {
  const readiness = useConsole().node.readiness.value;
  if (readiness.is !== 'ready' || readiness.value.reasons.length === 0) return null;
  return (
    <div class="banner" role="alert">
      <strong>This node does not serve:</strong>
      <ul>
        {readiness.value.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </div>
  );
}

function Facts({ facts }: { readonly facts: NodeFacts }) {
  return (
    <div class="scroll fit">
      <table class="pairs" aria-label="Node">
        <tbody>
          <Row name="Version">{facts.version}</Row>
          <Row name="Node">{facts.nodeId}</Row>
          <Row name="Cluster">
            <code>{facts.clusterId}</code>
          </Row>
          <Row name="Up for">{duration(facts.uptimeMs)}</Row>
          <Row name="Shards">{count(facts.shards)}</Row>
          <Row name="Connections">{count(facts.connections)}</Row>
          <Row name="Subscriptions">{count(facts.subscriptions)}</Row>
          <Row name="Data on disk">{size(facts.dataSize)}</Row>
          <Row name="Disk free">{size(facts.diskFree)}</Row>
        </tbody>
      </table>
    </div>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{children}</td>
    </tr>
  );
}
