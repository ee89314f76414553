-- Deletes dead letters that match a filter.
-- KEYS the queue's
-- ARGV[1] to [5] the filter, see words/dead-letters; then the ids, the oldest dead letter first
-- returns { how many of the ids this call has handled, at least 1; how many of them it deleted }
-- needs: doors/record words/first-write words/dead-letters words/take-dead-letter words/history words/totals
begin_writing()
local handled, taken = 0, {}
for i = 6, #ARGV do
  local id = ARGV[i]
  if matching(id) then
    if not has_room() then
      break
    end
    if take_dead_letter(id) then
      taken[#taken + 1] = id
      if record then
        record(id, 'discarded', 'discarded: the dead letter was deleted')
      end
    end
  end
  handled = handled + 1
end
forget(taken, 'failed')
count('purged_total', #taken)
return { handled, #taken }
