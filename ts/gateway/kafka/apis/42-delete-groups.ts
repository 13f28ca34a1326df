import type { GroupAnswer } from '../../../model/group-requests.js';
import { deleteGroups } from '../../../wire/kafka/schema/42-delete-groups.js';
import { askEach } from '../../verbs/ask-each.js';
import { groupCode } from './group-codes.js';
import { row } from './row.js';

export const deleteGroupsRow = row(deleteGroups, ({ verbs }, { groupsNames }, answer) => {
  askEach<string, GroupAnswer<'deleteGroup'>>(
    groupsNames,
    (groupId, done) => verbs.groups.ask('deleteGroup', { groupId }, done),
    (deleted) => {
      const results = deleted.map((each, index) => {
        return { groupId: groupsNames[index] ?? '', errorCode: each.ok ? 0 : groupCode(each.error.error) };
      });
      answer({ results });
    },
  );
});
