-- reports::photo
select photo from reports where report_id = $1 /* report */ and photo is not null
