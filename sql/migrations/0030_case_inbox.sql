-- Companies find in their logins what cases ask of them. The acts of a case stay what says so: a row here leads to one, and proves nothing.

create table case_inbox (
  party   text not null constraint case_inbox_party check (octet_length(party) between 1 and 200),  -- key of the company: https://id.gs1.org/417/…
  case_id bigint not null,
  number  integer not null,          -- the act that asks, within the case
  constraint case_inbox_pkey primary key (party, case_id, number),
  constraint case_inbox_act foreign key (case_id, number) references case_acts
);

create trigger case_inbox_append_only before update or delete or truncate on case_inbox
  for each statement execute function refuse_change();

grant select, insert on case_inbox to chopmark_desk;
