-- What the attempts of a job failed with: the field `errors` has a line `time:attempt:details` for each of the last ones, oldest
-- first. The details are JSON; `=` stands for those of the line before.

-- Adds the failure of an attempt.
--   details  what the worker knows of it, '' when it knows no more than its words
--   keep     how many failures the job keeps
local function keep_error(hash, attempt, details, words, keep)
  if keep == 0 then
    return
  end
  local heads, all = {}, {}
  for head, text in string.gmatch(call('HGET', hash, 'errors') or '', '(%d+:%d+:)([^\n]*)\n') do
    heads[#heads + 1], all[#all + 1] = head, text == '=' and all[#all] or text
  end
  heads[#heads + 1] = NOW .. ':' .. attempt .. ':'
  all[#all + 1] = details ~= '' and details or '{"message":' .. cjson.encode(words) .. '}'
  local first, lines = math.max(1, #all - keep + 1), {}
  for i = first, #all do
    lines[#lines + 1] = heads[i] .. (i > first and all[i] == all[i - 1] and '=' or all[i]) .. '\n'
  end
  call('HSET', hash, 'errors', table.concat(lines))
end
