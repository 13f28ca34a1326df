import { expect, test } from 'vitest';
import { readBrokerConfig } from './broker-config.js';
import { nodeSettings } from './node-settings.js';

function settingsOf(options: Record<string, string>) {
  const config = readBrokerConfig({ options });
  if (!config.ok) throw new Error(config.error);
  return new Map(nodeSettings(config.value).map((setting) => [setting.name, setting]));
}

test('settings have their own names and Kafka’s, and say whether somebody chose them', () => {
  const settings = settingsOf({
    'node-id': '7',
    kafka: '127.0.0.1:1,[::1]:2',
    'kafka-advertised': 'broker.example:19092,other.example:2',
    quorum: '7@127.0.0.1:9000,8@[::1]:9000',
    peer: '127.0.0.1:9000',
    origins: 'https://a.example,https://b.example',
    'num.partitions': '4',
  });
  const value = (name: string) => settings.get(name)?.value;
  expect([value('node-id'), value('broker.id'), value('num.partitions')]).toEqual(['7', '7', '4']);
  expect([value('listeners'), value('kafka')]).toEqual(['PLAINTEXT://127.0.0.1:1,PLAINTEXT://[::1]:2', '127.0.0.1:1,[::1]:2']);
  expect(value('advertised.listeners')).toBe('PLAINTEXT://broker.example:19092,PLAINTEXT://other.example:2');
  expect([value('quorum'), value('origins')]).toEqual(['7@127.0.0.1:9000,8@[::1]:9000', 'https://a.example,https://b.example']);
  expect([value('delete.topic.enable'), value('log.retention.ms'), value('shards')]).toEqual(['true', '604800000', null]);
  expect(settings.get('num.partitions')).toMatchObject({ isDefault: false, type: 'int' });
  expect(settings.get('auto.create.topics.enable')).toMatchObject({ isDefault: true, type: 'boolean' });
  expect([settings.get('kafka')?.isDefault, settings.get('gateway')?.isDefault]).toEqual([false, true]);
});

test('each is named once, in order', () => {
  const config = readBrokerConfig({});
  const names = config.ok ? nodeSettings(config.value).map(({ name }) => name) : [];
  expect(names).toEqual([...new Set(names)].sort());
});
