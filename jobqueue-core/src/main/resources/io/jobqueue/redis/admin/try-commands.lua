-- Tries commands on a scratch key, which lives for a few seconds at most, and returns the errors of Redis.
-- KEYS the queue's; then the scratch key
-- ARGV for each command: how many words follow; those. '%key' becomes the scratch key, '%none' a key that does not
--   exist, '%channel' a channel of the queue, '%soon' the time in five seconds.
-- returns for each command that failed: its name, what Redis said
local KEY = KEYS[2]
local MEANT = { ['%key'] = KEY, ['%none'] = KEY .. ':none', ['%channel'] = ROOT .. 'self-test', ['%soon'] = text(now + 5000) }
local failed, i = {}, 1
while i <= #ARGV do
  local words = { unpack(ARGV, i + 1, i + tonumber(ARGV[i])) }
  for at, word in ipairs(words) do
    words[at] = MEANT[word] or word
  end
  local reply = try(unpack(words))
  if type(reply) == 'table' and reply.err then
    failed[#failed + 1], failed[#failed + 2] = words[1], reply.err
    if words[1] == 'set' then
      return failed -- without the scratch key, other commands would make keys that stay
    end
  end
  i = i + 1 + #words
end
return failed
