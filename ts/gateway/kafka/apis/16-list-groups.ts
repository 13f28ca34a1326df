import { listGroups } from '../../../wire/kafka/schema/16-list-groups.js';
import { groupCode } from './group-codes.js';
import { row } from './row.js';

export const listGroupsRow = row(listGroups, ({ verbs }, { statesFilter, typesFilter }, answer) => {
  verbs.groups.list({ states: statesFilter, types: typesFilter }, (listed) => {
    if (!listed.ok) {
      answer({ errorCode: groupCode(listed.error.error), groups: [] });
      return;
    }
    const groups = listed.value.map(({ groupId, protocolType, state, type }) => {
      return { groupId, protocolType, groupState: state, groupType: type };
    });
    answer({ errorCode: 0, groups });
  });
});
