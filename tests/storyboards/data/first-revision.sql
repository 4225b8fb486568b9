BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE context_choice (
	id VARCHAR NOT NULL, 
	shot_id VARCHAR NOT NULL, 
	target_shot_id VARCHAR, 
	target_reference_id VARCHAR, 
	choice VARCHAR NOT NULL, 
	noise DOUBLE, 
	CONSTRAINT pk_context_choice PRIMARY KEY (id), 
	CONSTRAINT ck_context_choice_choice_known CHECK (choice IN ('auto', 'pinned', 'excluded')), 
	CONSTRAINT ck_context_choice_one_target CHECK ((target_shot_id IS NULL) <> (target_reference_id IS NULL)), 
	CONSTRAINT fk_context_choice_shot_id_shot FOREIGN KEY(shot_id) REFERENCES shot (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_context_choice_target_reference_id_reference_image FOREIGN KEY(target_reference_id) REFERENCES reference_image (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_context_choice_target_shot_id_shot FOREIGN KEY(target_shot_id) REFERENCES shot (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_context_choice_shot_id_target_reference_id UNIQUE (shot_id, target_reference_id), 
	CONSTRAINT uq_context_choice_shot_id_target_shot_id UNIQUE (shot_id, target_shot_id)
);
INSERT INTO "context_choice" VALUES('ad413a7a-533e-4ead-9ee3-b460ceec1aa5','7b9f8cc5-fe93-45db-b65b-0cf56efa9849','12453458-a74e-40d5-8351-bcc6614eb9cb',NULL,'pinned',0.2);
CREATE TABLE element (
	id VARCHAR NOT NULL, 
	scene_id VARCHAR NOT NULL, 
	position VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description VARCHAR NOT NULL, 
	deleted_at DOUBLE, 
	CONSTRAINT pk_element PRIMARY KEY (id), 
	CONSTRAINT ck_element_kind_known CHECK (kind IN ('character', 'place', 'prop')), 
	CONSTRAINT fk_element_scene_id_scene FOREIGN KEY(scene_id) REFERENCES scene (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_element_scene_id_position UNIQUE (scene_id, position)
);
INSERT INTO "element" VALUES('00b9ac3b-c670-4b43-a9e9-314c548f62e4','0572b85a-2419-4229-bf3d-ff89919ef534','a0','character','Character 1','a fox in a red coat',NULL);
CREATE TABLE job (
	id VARCHAR NOT NULL, 
	shot_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	position VARCHAR NOT NULL, 
	params JSON NOT NULL, 
	run_id VARCHAR NOT NULL, 
	planned JSON NOT NULL, 
	code VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	hint VARCHAR NOT NULL, 
	created_at DOUBLE NOT NULL, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT ck_job_kind_known CHECK (kind IN ('render', 'extend', 'joint')), 
	CONSTRAINT ck_job_state_known CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelling', 'cancelled', 'interrupted')), 
	CONSTRAINT fk_job_shot_id_shot FOREIGN KEY(shot_id) REFERENCES shot (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_job_position UNIQUE (position)
);
INSERT INTO "job" VALUES('8daa14db-36e8-4db2-a61d-b0f5e3a77df0','12453458-a74e-40d5-8351-bcc6614eb9cb','render','done','a0','{"takes": 1, "seed": null, "settings": {}, "two_sided": false, "select": true}','b9eaff3c-ee0d-4b1c-8bc2-a736a75d60f1','[{"take_id": "1b6b9b0b-2b5d-4294-aaac-e56a1889127f", "take_number": 1, "shot_id": "12453458-a74e-40d5-8351-bcc6614eb9cb", "prompt": "A fox in a red coat walks through the forest at sunset, wide shot.", "continued_take_id": "", "continued_hash": "", "model": "paper-theatre"}]','','','',1.79525251421302485467e+09,1.79525251422629880909e+09,1.79525251424765872956e+09);
INSERT INTO "job" VALUES('0a35cf94-c93a-43e3-8e6c-a7ab78d43b28','7b9f8cc5-fe93-45db-b65b-0cf56efa9849','render','done','a1','{"takes": 1, "seed": null, "settings": {}, "two_sided": false, "select": true}','950ee4df-80ea-428d-868e-ebe5815d28a9','[{"take_id": "8de1c35e-64ee-4d3f-b6e3-37663cb76f74", "take_number": 1, "shot_id": "7b9f8cc5-fe93-45db-b65b-0cf56efa9849", "prompt": "The fox jumps for joy, medium shot, still camera.", "continued_take_id": "", "continued_hash": "", "model": "paper-theatre"}]','','','',1.7952525142165284157e+09,1.79525251425151038172e+09,1.79525251426339483261e+09);
INSERT INTO "job" VALUES('3bbc51fa-defe-46db-b676-06b4d8ba88f0','6d483241-5a85-4772-adb7-b6ff3c4d77d7','render','done','a2','{"takes": 1, "seed": null, "settings": {}, "two_sided": false, "select": true}','d5aae20a-6ec2-48e4-86c2-346d8223938a','[{"take_id": "9c87a798-c44a-4a13-9d0e-ed88d04fdab0", "take_number": 1, "shot_id": "6d483241-5a85-4772-adb7-b6ff3c4d77d7", "prompt": "It waves hello at us, close-up.", "continued_take_id": "", "continued_hash": "", "model": "paper-theatre"}]','','','',1.7952525142192635536e+09,1.79525251426656556126e+09,1.79525251427797770493e+09);
INSERT INTO "job" VALUES('a64df1ba-b584-4f28-a7da-cda611e1dab7','12453458-a74e-40d5-8351-bcc6614eb9cb','render','done','a3','{"takes": 1, "seed": null, "settings": {}, "two_sided": false, "select": true}','033a12b8-3f84-4936-a1e2-9b2f7d2e3fcf','[{"take_id": "345ebbe9-0194-4c03-984a-e4f2b832887d", "take_number": 2, "shot_id": "12453458-a74e-40d5-8351-bcc6614eb9cb", "prompt": "A fox in a red coat walks through the forest at sunset, wide shot.", "continued_take_id": "", "continued_hash": "", "model": "paper-theatre"}]','','','',1.79525251428279089931e+09,1.79525251428493309024e+09,1.79525251429652047156e+09);
INSERT INTO "job" VALUES('1e4906c4-330c-40fd-b217-bdc719b727d2','3c8b38e5-3a48-43aa-a032-fda4eadd8ef5','render','queued','a4','{"takes": 1, "seed": null, "settings": {}, "two_sided": false, "select": true}','','[]','','','',1.79525251430181479448e+09,NULL,NULL);
CREATE TABLE project (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	width INTEGER, 
	height INTEGER, 
	fps DOUBLE NOT NULL, 
	queue_paused BOOLEAN NOT NULL, 
	created_at DOUBLE NOT NULL, 
	CONSTRAINT pk_project PRIMARY KEY (id)
);
INSERT INTO "project" VALUES('345e8116-0b77-40d7-9ea9-bd7f2086af3d','Old','paper-theatre',NULL,NULL,8.0,0,1.79525251413250875468e+09);
CREATE TABLE reference_image (
	id VARCHAR NOT NULL, 
	element_id VARCHAR NOT NULL, 
	position VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	deleted_at DOUBLE, 
	CONSTRAINT pk_reference_image PRIMARY KEY (id), 
	CONSTRAINT fk_reference_image_element_id_element FOREIGN KEY(element_id) REFERENCES element (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_reference_image_element_id_position UNIQUE (element_id, position)
);
INSERT INTO "reference_image" VALUES('889ee3f8-ac1e-4221-b699-6a4d481fa97d','00b9ac3b-c670-4b43-a9e9-314c548f62e4','a0','fox','references/bd753d8c-80ee-44d9-9d28-d0476eaf463f.png','a70273a93c4c9ffc6a4ceee6dad35c6abcd24a0603d6727f3f316073c029d3db',NULL);
CREATE TABLE scene (
	id VARCHAR NOT NULL, 
	project_id VARCHAR NOT NULL, 
	position VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	story VARCHAR NOT NULL, 
	seed INTEGER NOT NULL, 
	settings JSON NOT NULL, 
	created_at DOUBLE NOT NULL, 
	deleted_at DOUBLE, 
	CONSTRAINT pk_scene PRIMARY KEY (id), 
	CONSTRAINT fk_scene_project_id_project FOREIGN KEY(project_id) REFERENCES project (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_scene_project_id_position UNIQUE (project_id, position)
);
INSERT INTO "scene" VALUES('0572b85a-2419-4229-bf3d-ff89919ef534','345e8116-0b77-40d7-9ea9-bd7f2086af3d','a0','Fox at sunset','a forest at sunset','the fox walks, jumps and then waves',7,'{"steps": 8}',1.79525251416075873377e+09,NULL);
CREATE TABLE shot (
	id VARCHAR NOT NULL, 
	scene_id VARCHAR NOT NULL, 
	position VARCHAR NOT NULL, 
	prompt VARCHAR NOT NULL, 
	frames INTEGER NOT NULL, 
	continues BOOLEAN NOT NULL, 
	notes VARCHAR NOT NULL, 
	selected_take_id VARCHAR, 
	next_take_number INTEGER NOT NULL, 
	created_at DOUBLE NOT NULL, 
	deleted_at DOUBLE, 
	CONSTRAINT pk_shot PRIMARY KEY (id), 
	CONSTRAINT fk_shot_scene_id_scene FOREIGN KEY(scene_id) REFERENCES scene (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_shot_selected_take_id_take FOREIGN KEY(selected_take_id) REFERENCES take (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_shot_scene_id_position UNIQUE (scene_id, position)
);
INSERT INTO "shot" VALUES('12453458-a74e-40d5-8351-bcc6614eb9cb','0572b85a-2419-4229-bf3d-ff89919ef534','a0','A fox in a red coat walks through the forest at sunset, wide shot.',17,0,'Names everybody and everything; the later shots leave coat, place and light out.','345ebbe9-0194-4c03-984a-e4f2b832887d',3,1.795252514167976141e+09,NULL);
INSERT INTO "shot" VALUES('7b9f8cc5-fe93-45db-b65b-0cf56efa9849','0572b85a-2419-4229-bf3d-ff89919ef534','a1','The fox jumps for joy, medium shot, still camera.',13,0,'','8de1c35e-64ee-4d3f-b6e3-37663cb76f74',2,1.7952525141687624454e+09,NULL);
INSERT INTO "shot" VALUES('6d483241-5a85-4772-adb7-b6ff3c4d77d7','0572b85a-2419-4229-bf3d-ff89919ef534','a2','It waves goodbye, close-up.',13,0,'','9c87a798-c44a-4a13-9d0e-ed88d04fdab0',2,1.79525251416920328135e+09,NULL);
INSERT INTO "shot" VALUES('3c8b38e5-3a48-43aa-a032-fda4eadd8ef5','0572b85a-2419-4229-bf3d-ff89919ef534','a3','Then the fox dances happily, wide shot, panning camera.',17,0,'',NULL,1,1.79525251416957950592e+09,NULL);
INSERT INTO "shot" VALUES('76eae127-8938-48bf-98ae-f2e3cca0d8cf','0572b85a-2419-4229-bf3d-ff89919ef534','a4','The fox floats under a pink balloon, medium shot.',13,0,'Try six seeds of this one and pick.',NULL,1,1.79525251416995358473e+09,NULL);
INSERT INTO "shot" VALUES('9128e879-4a29-4896-8fcc-647334cc175e','0572b85a-2419-4229-bf3d-ff89919ef534','a5','The fox lies asleep, close-up, slow push in.',17,0,'',NULL,1,1.79525251417028903957e+09,NULL);
CREATE TABLE take (
	id VARCHAR NOT NULL, 
	shot_id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	job_id VARCHAR NOT NULL, 
	folder VARCHAR NOT NULL, 
	latents_hash VARCHAR NOT NULL, 
	files JSON NOT NULL, 
	frames INTEGER NOT NULL, 
	fps DOUBLE NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	prompt VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	seed INTEGER NOT NULL, 
	settings JSON NOT NULL, 
	model VARCHAR NOT NULL, 
	model_fingerprint VARCHAR NOT NULL, 
	engine_version VARCHAR NOT NULL, 
	seconds DOUBLE NOT NULL, 
	extends VARCHAR NOT NULL, 
	continued_take_id VARCHAR NOT NULL, 
	continued_hash VARCHAR NOT NULL, 
	quality JSON NOT NULL, 
	rating VARCHAR NOT NULL, 
	favourite BOOLEAN NOT NULL, 
	created_at DOUBLE NOT NULL, 
	deleted_at DOUBLE, 
	CONSTRAINT pk_take PRIMARY KEY (id), 
	CONSTRAINT ck_take_rating_known CHECK (rating IN ('open', 'accepted', 'rejected')), 
	CONSTRAINT fk_take_shot_id_shot FOREIGN KEY(shot_id) REFERENCES shot (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_take_shot_id_number UNIQUE (shot_id, number)
);
INSERT INTO "take" VALUES('1b6b9b0b-2b5d-4294-aaac-e56a1889127f','12453458-a74e-40d5-8351-bcc6614eb9cb',1,'8daa14db-36e8-4db2-a61d-b0f5e3a77df0','takes/1b6b9b0b-2b5d-4294-aaac-e56a1889127f','f719b569fb0458ec0ff147037695c12dc55edd1551a9d10b91fae79f3e558ce8','{"latents.safetensors": "f719b569fb0458ec0ff147037695c12dc55edd1551a9d10b91fae79f3e558ce8", "video.mp4": "0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc", "poster.png": "8f8cbb7dcf46e0bc7d53265749a6c17d116093a6ba95e442764060c76fd4a86c", "filmstrip.jpg": "f8146b6cb4961f87a1519047b8c83402754ed108ade55457d43166e564b7b4fe", "manifest.json": "de63f1f85ba260a46b307a5985ab8950221b1a7351bbebcdc79ac8c0b0304364"}',17,8.0,112,64,'A fox in a red coat walks through the forest at sunset, wide shot.','[Character] Character 1: a fox in a red coat. [Environment] a forest at sunset. [Story] the fox walks, jumps and then waves. [SHOT CUT] A fox in a red coat walks through the forest at sunset, wide shot.',150584085,'{"steps": 4}','paper-theatre','fingerprint','test',0.5,'','','','{}','open',1,1795252514.24279,NULL);
INSERT INTO "take" VALUES('8de1c35e-64ee-4d3f-b6e3-37663cb76f74','7b9f8cc5-fe93-45db-b65b-0cf56efa9849',1,'0a35cf94-c93a-43e3-8e6c-a7ab78d43b28','takes/8de1c35e-64ee-4d3f-b6e3-37663cb76f74','ca77bb5098d9a36727979d09964112c66f819dabf24591dc373d047b42c02b21','{"latents.safetensors": "ca77bb5098d9a36727979d09964112c66f819dabf24591dc373d047b42c02b21", "video.mp4": "0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc", "poster.png": "8f8cbb7dcf46e0bc7d53265749a6c17d116093a6ba95e442764060c76fd4a86c", "filmstrip.jpg": "f8146b6cb4961f87a1519047b8c83402754ed108ade55457d43166e564b7b4fe", "manifest.json": "7774fb64075876376d7aa3b94fc9b5e16950d43ecda4729171e028152c11cad7"}',13,8.0,112,64,'The fox jumps for joy, medium shot, still camera.','[Character] Character 1: a fox in a red coat. [Environment] a forest at sunset. [Story] the fox walks, jumps and then waves. [SHOT CUT] The fox jumps for joy, medium shot, still camera.',187400393,'{"steps": 4}','paper-theatre','fingerprint','test',0.5,'','','','{}','open',0,1.79525251426042032243e+09,NULL);
INSERT INTO "take" VALUES('9c87a798-c44a-4a13-9d0e-ed88d04fdab0','6d483241-5a85-4772-adb7-b6ff3c4d77d7',1,'3bbc51fa-defe-46db-b676-06b4d8ba88f0','takes/9c87a798-c44a-4a13-9d0e-ed88d04fdab0','41596822c084083d82906a398eda0a9cf7c7ff9d5b3eeafb4a89fa9f8af9593b','{"latents.safetensors": "41596822c084083d82906a398eda0a9cf7c7ff9d5b3eeafb4a89fa9f8af9593b", "video.mp4": "0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc", "poster.png": "8f8cbb7dcf46e0bc7d53265749a6c17d116093a6ba95e442764060c76fd4a86c", "filmstrip.jpg": "f8146b6cb4961f87a1519047b8c83402754ed108ade55457d43166e564b7b4fe", "manifest.json": "10b8bdd46bb542512902e4245a9e104cf4d7bcdfb40c8622ad8e7d75c7d62786"}',13,8.0,112,64,'It waves hello at us, close-up.','[Character] Character 1: a fox in a red coat. [Environment] a forest at sunset. [Story] the fox walks, jumps and then waves. [SHOT CUT] It waves hello at us, close-up.',25285047,'{"steps": 4}','paper-theatre','fingerprint','test',0.5,'','','','{}','open',0,1.79525251427557229998e+09,NULL);
INSERT INTO "take" VALUES('345ebbe9-0194-4c03-984a-e4f2b832887d','12453458-a74e-40d5-8351-bcc6614eb9cb',2,'a64df1ba-b584-4f28-a7da-cda611e1dab7','takes/345ebbe9-0194-4c03-984a-e4f2b832887d','ac058f272be074c814dceb5d67e0db2cf84c1d55c225bf064b14db59d8543180','{"latents.safetensors": "ac058f272be074c814dceb5d67e0db2cf84c1d55c225bf064b14db59d8543180", "video.mp4": "0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc", "poster.png": "8f8cbb7dcf46e0bc7d53265749a6c17d116093a6ba95e442764060c76fd4a86c", "filmstrip.jpg": "f8146b6cb4961f87a1519047b8c83402754ed108ade55457d43166e564b7b4fe", "manifest.json": "02304be174c5772bf207cb3cfada65ba62ba2b6c929b92a3c67bddb721e4ff92"}',17,8.0,112,64,'A fox in a red coat walks through the forest at sunset, wide shot.','[Character] Character 1: a fox in a red coat. [Environment] a forest at sunset. [Story] the fox walks, jumps and then waves. [SHOT CUT] A fox in a red coat walks through the forest at sunset, wide shot.',2579203,'{"steps": 4}','paper-theatre','fingerprint','test',0.5,'','','','{}','open',0,1.79525251429420304298e+09,NULL);
CREATE TABLE take_context (
	id VARCHAR NOT NULL, 
	take_id VARCHAR NOT NULL, 
	place INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	shot_id VARCHAR NOT NULL, 
	candidate_id VARCHAR NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	noise DOUBLE NOT NULL, 
	side VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	CONSTRAINT pk_take_context PRIMARY KEY (id), 
	CONSTRAINT fk_take_context_take_id_take FOREIGN KEY(take_id) REFERENCES take (id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT uq_take_context_take_id_place UNIQUE (take_id, place)
);
INSERT INTO "take_context" VALUES('0bdfee39-3c92-426d-8cae-3fc538297eab','1b6b9b0b-2b5d-4294-aaac-e56a1889127f',0,'reference','','889ee3f8-ac1e-4221-b699-6a4d481fa97d','a70273a93c4c9ffc6a4ceee6dad35c6abcd24a0603d6727f3f316073c029d3db',0.1,'before','key');
INSERT INTO "take_context" VALUES('0b666b8d-2b59-4f4e-91f7-cfba936b2363','8de1c35e-64ee-4d3f-b6e3-37663cb76f74',0,'reference','','889ee3f8-ac1e-4221-b699-6a4d481fa97d','a70273a93c4c9ffc6a4ceee6dad35c6abcd24a0603d6727f3f316073c029d3db',0.1,'before','key');
INSERT INTO "take_context" VALUES('70090808-40e1-4e98-bedb-b122471a39c9','8de1c35e-64ee-4d3f-b6e3-37663cb76f74',1,'shot','12453458-a74e-40d5-8351-bcc6614eb9cb','1b6b9b0b-2b5d-4294-aaac-e56a1889127f','f719b569fb0458ec0ff147037695c12dc55edd1551a9d10b91fae79f3e558ce8',0.2,'before','key');
INSERT INTO "take_context" VALUES('e23cb989-2446-41bf-b531-645524d44c22','9c87a798-c44a-4a13-9d0e-ed88d04fdab0',0,'reference','','889ee3f8-ac1e-4221-b699-6a4d481fa97d','a70273a93c4c9ffc6a4ceee6dad35c6abcd24a0603d6727f3f316073c029d3db',0.1,'before','key');
INSERT INTO "take_context" VALUES('02159d0b-34d1-4a47-a2eb-4886062bc346','9c87a798-c44a-4a13-9d0e-ed88d04fdab0',1,'shot','12453458-a74e-40d5-8351-bcc6614eb9cb','1b6b9b0b-2b5d-4294-aaac-e56a1889127f','f719b569fb0458ec0ff147037695c12dc55edd1551a9d10b91fae79f3e558ce8',0.1,'before','key');
INSERT INTO "take_context" VALUES('a7dd9d38-c053-49ec-ba56-dee556fe4850','9c87a798-c44a-4a13-9d0e-ed88d04fdab0',2,'shot','7b9f8cc5-fe93-45db-b65b-0cf56efa9849','8de1c35e-64ee-4d3f-b6e3-37663cb76f74','ca77bb5098d9a36727979d09964112c66f819dabf24591dc373d047b42c02b21',0.1,'before','key');
INSERT INTO "take_context" VALUES('42c3d845-8733-4f15-9898-902a8e5f9706','345ebbe9-0194-4c03-984a-e4f2b832887d',0,'reference','','889ee3f8-ac1e-4221-b699-6a4d481fa97d','a70273a93c4c9ffc6a4ceee6dad35c6abcd24a0603d6727f3f316073c029d3db',0.1,'before','key');
CREATE INDEX ix_shot_selected_take_id ON shot (selected_take_id);
CREATE INDEX ix_context_choice_target_reference_id ON context_choice (target_reference_id);
CREATE INDEX ix_context_choice_target_shot_id ON context_choice (target_shot_id);
CREATE UNIQUE INDEX ix_job_one_active ON job (shot_id, kind) WHERE state IN ('queued', 'running', 'cancelling');
CREATE INDEX ix_job_shot_id ON job (shot_id);
CREATE INDEX ix_job_state_position ON job (state, position);
COMMIT;
