#!/bin/sh
# Everything with curl: no client, no library. The whole interface is described by /openapi.json.
#   sh rest.sh
set -eu
node="http://${GATEWAY:-127.0.0.1:9080}"

# A topic with two partitions that keeps its records for an hour. With Kafka's names for settings.
curl -sS --fail-with-body -H 'content-type: application/json' "$node/api/v1/topics" \
  -d '{"name":"visits","partitions":2,"configs":{"retention.ms":"3600000"}}'

# Records as JSON; the answer says where each of them is and what was promised.
curl -sS --fail-with-body -H 'content-type: application/json' "$node/api/v1/topics/visits/records" \
  -d '{"records":[{"partition":0,"key":"ann","value":{"page":"/"}},{"partition":0,"key":"ben","value":{"page":"/help"}}]}'

# Any bytes as the value of one record.
curl -sS --fail-with-body -H 'content-type: application/octet-stream' \
  "$node/api/v1/topics/visits/records?partition=1&key=file" --data-binary @"$0"

# Read a partition: from the beginning, an offset, or a time (@ and milliseconds since 1970). `next` is where to go on.
curl -sS --fail-with-body "$node/api/v1/topics/visits/partitions/0/records?from=beginning&limit=10"
curl -sS --fail-with-body "$node/api/v1/topics/visits/partitions/0/records?from=1"
curl -sS --fail-with-body "$node/api/v1/topics/visits/partitions/0/records?from=@0&limit=1"

# Is it well? And what is in it?
curl -sS --fail-with-body "$node/readyz"
curl -sS --fail-with-body "$node/api/v1/topics/visits"

# And away with it.
curl -sS --fail-with-body -X DELETE "$node/api/v1/topics/visits"
