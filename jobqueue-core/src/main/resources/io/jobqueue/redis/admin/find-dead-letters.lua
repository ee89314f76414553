-- Finds which of some jobs are dead letters that match a filter.
-- KEYS the queue's
-- ARGV[1] to [5] the filter, see words/dead-letters; then the ids
-- returns the ids that match, in their order
-- needs: words/dead-letters
local found = {}
for i = 6, #ARGV do
  if matching(ARGV[i]) then
    found[#found + 1] = ARGV[i]
  end
end
return found
