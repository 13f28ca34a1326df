/** What was set for a topic, by Kafka's names. */
export type TopicConfigs = Readonly<Record<string, string>>;
